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
    import os, psycopg
    from django.conf import settings
    from verification.screening.names import keys_to_ask
    keys=keys_to_ask("李行")
    c=psycopg.connect(os.environ["DATABASE_URL"],dbname=settings.DATABASES["default"]["NAME"],autocommit=True)
    def ex(sql,*a):
        print("----",sql[:120]); 
        for (r,) in c.execute("EXPLAIN ANALYZE "+sql,a).fetchall(): print(r[:160])
    h=["a"*64,"b"*64]
    ex("select * from verification_watchlist_name where keys && %s::varchar[] or id_hashes && %s::varchar[]",keys,h)
    ex("select * from verification_watchlist_name where keys && %s::varchar[]",keys)
    ex("select * from verification_watchlist_name where id_hashes && %s::varchar[]",h)
    c.execute("ANALYZE verification_watchlist_name")
    ex("select * from verification_watchlist_name where keys && %s::varchar[] or id_hashes && %s::varchar[]",keys,h)
    ex("select * from verification_watchlist_name where (keys && %s::varchar[] or id_hashes && %s::varchar[]) and person",keys,h)
    c.close()
