"""Watchlists: read, folded, imported as versions, and screened against (AML-05 to AML-08)."""

from __future__ import annotations

import io
import json
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core.errors import StateConflict
from core.evidence.models import EvidenceLeaf
from core.tenancy import PUBLIC, at, in_bank
from tests.at_once import at_once
from tests.verification.conftest import BUSINESS, PERSON, enrolled, identified
from verification import queries
from verification.models import Check, ScreeningAlert, ScreeningMatch, WatchlistName, WatchlistVersion
from verification.operations import screen_counterparty, screen_subject
from verification.screening.match import Person, find_candidates, outcome_of
from verification.screening.names import han_of, keys_to_ask, keys_to_list, spellings_of
from verification.screening.readers import ListedEntry, ListFileUnreadable, read_list
from verification.screening.versions import current_versions, import_version

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from pathlib import Path

Birth = tuple[date, date]


def _day(text: str) -> Birth:
    return date.fromisoformat(text), date.fromisoformat(text)


def _listed(*names: str, births: Sequence[Birth] = (), ids: Sequence[str] = (), entry: str = "E1") -> ListedEntry:
    return ListedEntry(entry=entry, names=names, births=tuple(births), id_numbers=tuple(ids))


def _import(*entries: ListedEntry, code: str = "test", source: bytes = b"") -> None:
    import_version(list_code=code, entries=entries, source=source or repr(entries).encode())


def _meet(listed: str, asked: str) -> bool:
    return bool(set(keys_to_list(listed)) & set(keys_to_ask(asked)))


class TestNames:
    @pytest.mark.parametrize(
        ("listed", "asked"),
        [
            ("张伟", "张伟"),
            ("張偉", "张伟"),
            ("张伟", "張偉"),
            ("张 伟", "张伟"),
            ("劉德華", "刘德华"),
            ("阿卜杜拉·买买提", "阿卜杜拉买买提"),
            ("阿卜杜拉・买买提", "阿卜杜拉·买买提"),
            ("ZHANG Wei", "张伟"),
            ("Wei Zhang", "张伟"),
            ("ZHANG, Wei", "张伟"),
            ("Zhangwei", "张伟"),
            ("LI Xiao-ming", "李晓明"),
            ("Xiaoming LI", "李曉明"),
            ("张伟", "ZHANG WEI"),
            ("张伟", "Wei Zhang"),
            ("LYU Bu", "吕布"),
            ("LV Bu", "吕布"),
            ("Lü Bu", "吕布"),
            ("LU Bu", "吕布"),
            ("SHAN Xiongxin", "单雄信"),
            ("QIU He", "仇和"),
            ("ZENG Guofan", "曾国藩"),
            ("XIE Zhen", "解珍"),
            ("REN Fei", "任飞"),
            ("PIAO Zhixing", "朴智星"),
            ("ZHAI Tianlin", "翟天临"),
            ("OUYANG Xiu", "欧阳修"),
            ("Xiu OUYANG", "欧阳修"),
            ("ZHUGE Liang", "諸葛亮"),
            ("YUCHI Gong", "尉迟恭"),
            ("WAN Qi", "万琪"),
            ("MOQI Yong", "万俟咏"),
            ("ZHA Liangyong", "查良镛"),
            ("GE You", "葛优"),
            ("QIN Wenwu", "覃文武"),
            ("TAN Wenwu", "覃文武"),
            ("Jin Tiesan (金铁三)", "金铁三"),
            ("Jin Tiesan (金铁三)", "金鐵三"),
            ("Jin Tiesan (金铁三)", "JIN TIESAN"),
            ("O'NEIL, Sean", "Sean Oneil"),
            ("Müller, Jörg", "JORG MULLER"),
        ],
    )
    def test_spellings_of_one_name_meet(self, listed: str, asked: str) -> None:
        assert _meet(listed, asked)

    @pytest.mark.parametrize(
        ("listed", "asked"),
        [
            ("高石", "高市"),
            ("张伟", "章伟"),
            ("张伟", "张威"),
            ("李明", "黎明"),
            ("SHAN Xiongxin", "单雄"),
            ("ZHANG Wei", "张卫国"),
            ("ZHANG Wei", "李伟"),
            ("欧阳修", "欧阳锋"),
        ],
    )
    def test_names_of_different_people_do_not_meet(self, listed: str, asked: str) -> None:
        assert not _meet(listed, asked)

    def test_a_name_without_letters_has_no_keys(self) -> None:
        assert keys_to_ask("・・・") == []
        assert spellings_of("") == []
        assert han_of("Ahmed") == ""

    def test_readings_are_bounded(self) -> None:
        assert len(spellings_of("单乐行长重")) < 500


class TestReaders:
    def test_the_united_nations_list_gives_names_aliases_births_and_chinese_characters(self) -> None:
        content = """<?xml version="1.0" encoding="UTF-8"?>
        <CONSOLIDATED_LIST dateGenerated="2026-02-27"><INDIVIDUALS><INDIVIDUAL>
          <DATAID>1</DATAID><FIRST_NAME>KIM</FIRST_NAME><SECOND_NAME>CHOL SAM</SECOND_NAME>
          <REFERENCE_NUMBER>KPi.035 </REFERENCE_NUMBER>
          <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Jin Tiesan (金铁三)</ALIAS_NAME></INDIVIDUAL_ALIAS>
          <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
          <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1971-03-11</DATE></INDIVIDUAL_DATE_OF_BIRTH>
          <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1975</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
          <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1980</FROM_YEAR><TO_YEAR>1982</TO_YEAR>
          </INDIVIDUAL_DATE_OF_BIRTH><INDIVIDUAL_DOCUMENT><NUMBER>653225197110100533</NUMBER></INDIVIDUAL_DOCUMENT>
        </INDIVIDUAL></INDIVIDUALS><ENTITIES><ENTITY><DATAID>2</DATAID><FIRST_NAME>SOME BANK</FIRST_NAME>
          <REFERENCE_NUMBER>KPe.001</REFERENCE_NUMBER></ENTITY></ENTITIES></CONSOLIDATED_LIST>"""
        person, entity = read_list(content.encode())
        assert (person.entry, person.names) == ("KPi.035", ("KIM CHOL SAM", "Jin Tiesan (金铁三)"))
        assert person.births == (
            _day("1971-03-11"),
            (date(1974, 1, 1), date(1976, 12, 31)),
            (date(1980, 1, 1), date(1982, 12, 31)),
        )
        assert person.id_numbers == ("653225197110100533",)
        assert (entity.entry, entity.person) == ("KPe.001", False)

    def test_ofacs_pair_of_files_gives_aliases_and_what_the_remarks_say(self) -> None:
        sdn = (
            '11353,"HAQ, Abdul","individual","SDGT",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 10 Oct 1971; POB China; '
            "National ID No. 653225197110100533 (China); a.k.a. 'ABUDUHAKE'; a.k.a. 'AL-HAQ, 'Abd'.\"\r\n"
            '36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
            '9340,"WONG, Moon Chi","individual","SDNTK",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 18 Mar 1961; alt. DOB '
            'circa 1945; alt. DOB 1950 to 1952; alt. DOB May 1958."\r\n\x1a'
        )
        alt = '11353,1,"aka","MAIMAITIMING, Abdul",-0- \r\n36,2,"aka","AERO-CARIBBEAN",-0- \r\n'
        haq, airline, wong = read_list(sdn.encode(), aliases=alt.encode())
        assert haq.names == ("HAQ, Abdul", "MAIMAITIMING, Abdul", "ABUDUHAKE", "AL-HAQ, 'Abd")
        assert (haq.births, haq.id_numbers) == ((_day("1971-10-10"),), ("653225197110100533",))
        assert not airline.person
        assert wong.births == (
            _day("1961-03-18"),
            (date(1944, 1, 1), date(1946, 12, 31)),
            (date(1950, 1, 1), date(1952, 12, 31)),
            (date(1958, 5, 1), date(1958, 5, 31)),
        )

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_a_plain_table_is_read_in_the_usual_encodings(self, encoding: str) -> None:
        table = (
            "entry,name,id_number,birth_date\nD1,林样例,320583199001010010,1990-01-01\nD1,LIN Yangli,,\n,无号,,1985\n"
        )
        first, second = read_list(table.encode(encoding))
        assert first == _listed(
            "林样例", "LIN Yangli", births=[_day("1990-01-01")], ids=["320583199001010010"], entry="D1"
        )
        assert (second.entry, second.births) == ("3", ((date(1985, 1, 1), date(1985, 12, 31)),))

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"<html></html>", "CONSOLIDATED_LIST"),
            (b"<CONSOLIDATED_LIST>", "damaged at line 1"),
            (b"a,b\n1,2\n", "expected the UN"),
            (b"entry,name\nE1,\n", "line 2 has no name"),
            ("name,birth_date\n林样例,昨天\n".encode(), "birth_date"),
            (b"\xff\xff\xff\xff", "neither"),
        ],
    )
    def test_what_is_no_list_is_refused_with_what_was_expected(self, content: bytes, said: str) -> None:
        with pytest.raises(ListFileUnreadable, match=said):
            read_list(content)


@pytest.mark.django_db
class TestImport:
    def test_a_version_replaces_the_former_one_from_then_on(self) -> None:
        _import(_listed("张伟"))
        _import(_listed("李伟"))
        with at(PUBLIC):
            (current,) = current_versions()
            assert (current.list_code, current.number, current.entries, current.names) == ("test", 2, 1, 1)
            assert find_candidates(Person(name="张伟"), [current]) == []
            assert find_candidates(Person(name="李伟"), [current])

    def test_the_same_file_again_is_no_new_version(self) -> None:
        _import(_listed("张伟"))
        done = import_version(list_code="test", entries=[_listed("张伟")], source=repr((_listed("张伟"),)).encode())
        assert (done.is_new, done.number) == (False, 1)
        with at(PUBLIC):
            assert WatchlistVersion.objects.count() == 1

    def test_id_numbers_are_kept_as_salted_hashes_only(self) -> None:
        _import(_listed("林样例", ids=[PERSON.id_number]))
        with at(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(n)::text FROM public.verification_watchlist_name n")
            assert PERSON.id_number not in cursor.fetchone()[0]

    def test_the_commands_import_and_screen(self, tmp_path: Path) -> None:
        file = tmp_path / "list.csv"
        file.write_text("entry,name,id_number,birth_date\nD1,張偉,320583199001010010,1990-01-01\n", encoding="utf-8")
        said = io.StringIO()
        call_command("import_watchlist", str(file), "--list", "domestic", stdout=said)
        call_command("import_watchlist", str(file), "--list", "domestic", stdout=said)
        assert "第 1 版：1 个条目，1 个名称" in said.getvalue()
        assert "未重复导入" in said.getvalue()

        def screen(*arguments: str) -> dict[str, object]:
            out = io.StringIO()
            call_command("screen", *arguments, "--json", stdout=out)
            found: dict[str, object] = json.loads(out.getvalue())
            return found

        assert screen("--name", "李四") == {"outcome": "clear", "candidates": []}
        assert screen("--name", "张伟") == {
            "outcome": "review", "candidates": [{"list": "domestic", "name": "張偉", "score": 70}],
        }  # fmt: skip
        assert screen("--name", "张伟", "--birth-date", "1990-01-01")["outcome"] == "review"
        assert screen("--name", "张伟", "--birth-date", "1991-01-01")["outcome"] == "clear"
        assert screen("--name", "李四", "--id-number", "320583199001010010")["outcome"] == "hit"
        plain = io.StringIO()
        call_command("screen", "--name", "张伟", stdout=plain)
        assert plain.getvalue().splitlines()[0] == "review"

    @pytest.mark.parametrize(
        ("text", "code"), [("nothing", "ok"), ("entry,name\n", "ok"), ("entry,name\nE,张伟\n", "BAD CODE")]
    )
    def test_the_command_refuses_what_it_cannot_import(self, tmp_path: Path, text: str, code: str) -> None:
        file = tmp_path / "list.csv"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(CommandError):
            call_command("import_watchlist", str(file), "--list", code)
        with at(PUBLIC):
            assert not WatchlistVersion.objects.exists()

    def test_screen_refuses_a_birth_date_that_is_none(self) -> None:
        with pytest.raises(CommandError, match="birth-date"):
            call_command("screen", "--name", "张伟", "--birth-date", "昨天")


def _judged(person: Person, *entries: ListedEntry) -> list[tuple[int, str]]:
    _import(*entries)
    with at(PUBLIC):
        return [(found.score, found.matched_by) for found in find_candidates(person, current_versions())]


@pytest.mark.django_db
class TestMatching:
    BORN = date(1990, 1, 1)

    @pytest.mark.parametrize(
        ("listed", "expected"),
        [
            (_listed("另有其名", ids=["320583199001010010"]), (100, "id_number")),
            (_listed("林样例", births=[_day("1990-01-01")]), (95, "name_birth")),
            (_listed("LIN Yangli", births=[_day("1990-01-01")]), (85, "name_birth")),
            (_listed("林样例", births=[(date(1989, 1, 1), date(1991, 12, 31))]), (95, "name_birth")),
            (_listed("林样例", births=[_day("1970-01-01"), _day("1990-01-01")]), (95, "name_birth")),
            (_listed("林樣例"), (70, "name")),
            (_listed("LIN Yangli"), (60, "name")),
            (_listed("LIN Yangli", "林扬力"), (40, "name")),
            (_listed("林样例", births=[_day("1970-01-01")]), (30, "name")),
        ],
    )
    def test_the_score_says_what_agrees(self, listed: ListedEntry, expected: tuple[int, str]) -> None:
        person = Person(name="林样例", id_number="32058319900101001 0", birth_date=self.BORN)
        assert _judged(person, listed) == [expected]

    def test_an_entry_counts_once_by_its_best_name(self) -> None:
        assert _judged(Person(name="林样例"), _listed("LIN Yangli", "林样例")) == [(70, "name")]

    def test_the_likeliest_comes_first(self) -> None:
        found = _judged(
            Person(name="林样例", birth_date=self.BORN),
            _listed("林样例", entry="A"),
            _listed("林样例", births=[_day("1990-01-01")], entry="B"),
        )
        assert [score for score, _ in found] == [95, 70]

    def test_nobody_is_found_where_nobody_is_listed(self) -> None:
        assert _judged(Person(name="林样例", birth_date=self.BORN), _listed("王五")) == []

    @pytest.mark.parametrize(
        ("scores", "outcome"), [([], "clear"), ([59], "clear"), ([60], "review"), ([95], "review"), ([60, 100], "hit")]
    )
    def test_the_outcome_follows_from_the_best_score(self, scores: list[int], outcome: str) -> None:
        from verification.screening.match import Candidate

        found = [
            Candidate(list_code="x", list_version=1, entry="e", name="n", score=score, matched_by="name")
            for score in scores
        ]
        assert outcome_of(found, review_score=60) == outcome


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestScreenSubject:
    def _screen(self, subject_id: object, purpose: str = "apply") -> str:
        with transaction.atomic():
            return screen_subject(subject_id=subject_id, purpose=purpose, business_id=BUSINESS)  # type: ignore[arg-type]

    def test_with_no_list_and_with_strangers_on_it_everybody_is_clear(self) -> None:
        subject_id = identified()
        assert self._screen(subject_id) == "clear"
        _import(_listed("王五"))
        assert self._screen(subject_id, "disburse") == "clear"
        first, second = Check.objects.order_by("pk")
        assert (first.kind, first.purpose, first.outcome, first.status) == ("watchlist", "apply", "clear", "answered")
        assert (first.detail, second.detail) == ({"lists": {}}, {"lists": {"test": 1}})
        assert not ScreeningAlert.objects.exists()

    def test_a_listed_id_number_is_a_hit_with_an_alert_and_what_matched(self) -> None:
        subject_id = identified()
        _import(_listed("另有其名", ids=[PERSON.id_number]), _listed("林样例", entry="E2"))
        assert self._screen(subject_id) == "hit"
        check = Check.objects.get()
        assert check.outcome == "hit"
        assert check.reason_code == ""
        alert = ScreeningAlert.objects.get()
        assert (alert.outcome, alert.status, alert.check_row_id) == ("hit", "open", check.id)
        matched = sorted(ScreeningMatch.objects.values_list("entry", "score", "matched_by", "list_version"))
        assert matched == [("E1", 100, "id_number", 1), ("E2", 70, "name", 1)]

    def test_a_listed_name_is_for_review_and_another_birth_date_is_another_person(self) -> None:
        subject_id = identified()
        _import(_listed("林样例"))
        assert self._screen(subject_id) == "review"
        _import(_listed("林样例", births=[_day("1971-01-01")]))
        assert self._screen(subject_id) == "clear"
        assert [alert.outcome for alert in ScreeningAlert.objects.all()] == ["review"]

    def test_every_screening_is_on_record(self) -> None:
        subject_id = identified()
        self._screen(subject_id)
        leaf = EvidenceLeaf.objects.get(kind="verification.check")
        assert (leaf.subject, leaf.id) == (subject_id.hex, Check.objects.get().evidence_leaf)

    def test_it_is_undone_with_the_callers_transaction(self) -> None:
        subject_id = identified()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            screen_subject(subject_id=subject_id, purpose="apply", business_id=BUSINESS)
            raise ZeroDivisionError
        assert not Check.objects.exists()

    def test_nobody_known_cannot_be_screened(self) -> None:
        subject_id = enrolled()
        with pytest.raises(StateConflict):
            self._screen(subject_id)

    def test_every_bank_screens_against_the_same_lists(self) -> None:
        _import(_listed("另有其名", ids=[PERSON.id_number]))
        with in_bank("116"):
            assert self._screen(identified()) == "hit"
        assert not Check.objects.exists()

    def test_the_latest_check_of_a_purpose_is_found(self) -> None:
        subject_id = identified()
        self._screen(subject_id)
        self._screen(subject_id, "disburse")
        assert queries.last_check(kind="watchlist", business_id=BUSINESS).purpose == "disburse"
        assert queries.last_check(kind="watchlist", business_id=BUSINESS, purpose="apply").outcome == "clear"


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestScreenCounterparty:
    def _screen(self, name: str, subject_id: uuid.UUID) -> str:
        with transaction.atomic():
            return screen_counterparty(name=name, subject_id=subject_id, purpose="transfer", business_id=BUSINESS)

    def test_a_name_that_nobody_listed_is_clear_and_on_record(self) -> None:
        subject_id = identified()
        assert self._screen("王样例", subject_id) == "clear"
        check = Check.objects.get()
        assert (check.subject_id, check.outcome, check.asked) == (
            subject_id, "clear", {"party": "counterparty", "name": "王样例"},
        )  # fmt: skip
        assert check.evidence_leaf is not None
        assert not ScreeningAlert.objects.exists()

    @pytest.mark.parametrize("written", ["王样例", "WANG Yangli"])
    def test_a_listed_name_is_for_staff_and_never_more(self, written: str) -> None:
        subject_id = identified()
        _import(_listed(written))
        assert self._screen("王样例", subject_id) == "review"
        alert = ScreeningAlert.objects.get()
        assert (alert.subject_id, alert.outcome) == (subject_id, "review")
        assert ScreeningMatch.objects.get().matched_by == "name"


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_three_imports_at_once_all_become_versions_and_one_is_current(self) -> None:
        at_once(None, [partial(_import, _listed(name)) for name in ("张伟", "李伟", "王五")])
        with at(PUBLIC):
            assert sorted(WatchlistVersion.objects.values_list("number", flat=True)) == [1, 2, 3]
            assert WatchlistVersion.objects.filter(current=True).count() == 1
            assert WatchlistName.objects.count() == 3
