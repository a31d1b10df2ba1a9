from __future__ import annotations
import time, statistics, random
from datetime import date
from pathlib import Path
import pytest
from core.tenancy import PUBLIC, at
from verification.screening.match import Person, find_candidates, outcome_of
from verification.screening.readers import read_list
from verification.screening.versions import current_versions, import_version
from sandbox.people import names
D = Path("/work/shared/data/watchlists")

@pytest.mark.django_db(transaction=True)
def test_perf():
    t=time.time(); un=read_list((D/"UN_consolidated.xml").read_bytes()); print("un", len(un), time.time()-t)
    t=time.time(); of=read_list((D/"sdn.csv").read_bytes(), aliases=(D/"alt.csv").read_bytes()); print("ofac", len(of), sum(len(e.names) for e in of), time.time()-t)
    for code, e in (("un",un),("ofac",of)):
        t=time.time(); r=import_version(list_code=code, entries=e, source=code.encode()); print(r, time.time()-t)
    with at(PUBLIC):
        from django.db import connection
        from verification.screening.names import keys_to_ask
        t=time.perf_counter(); k=keys_to_ask("欧阳乐行"); print(len(k), time.perf_counter()-t)
        t=time.perf_counter(); k=keys_to_ask("张伟明"); print(k, time.perf_counter()-t)
        t=time.perf_counter(); k=keys_to_ask("李行"); print(len(k), time.perf_counter()-t)
        v=current_versions()
        from verification.models import WatchlistName
        from django.db.models import Q
        q=WatchlistName.objects.filter(Q(keys__overlap=k)|Q(id_hashes__overlap=["a"*64,"b"*64]),version__in=v,person=True)
        print(q.explain(analyze=True))
        with connection.cursor() as c: c.execute("ANALYZE public.verification_watchlist_name")
        print(q.explain(analyze=True))
