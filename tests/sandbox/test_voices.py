"""Voices of synthetic people, and the door that judges them by what it hears."""

from __future__ import annotations

import io
import wave
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.people import World
from sandbox.people.voice import hear, speak
from tests.sandbox.gateway_caller import Caller, voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.people import Person
    from tests.running_sandbox import Sandbox

TEXT = "三七零九二八五一"


@pytest.fixture
def world() -> World:
    return World(today=lambda: date(2026, 11, 22))


@pytest.fixture
def caller(world: World) -> Iterator[Caller]:
    caller = Caller(world)
    yield caller
    caller.state.close()


@pytest.fixture
def person(world: World) -> Person:
    return world.make(1)[0]


class TestSpeak:
    def test_the_same_person_and_text_are_the_same_bytes_and_every_other_are_others(self, world: World) -> None:
        one, other = world.make(2)
        assert speak(one, TEXT) == speak(one, TEXT)
        assert len({speak(one, TEXT), speak(other, TEXT), speak(one, TEXT[:-1]), speak(one, TEXT, live=False)}) == 4

    def test_a_recording_plays_for_about_two_seconds(self, person: Person) -> None:
        with wave.open(io.BytesIO(speak(person, TEXT))) as sound:
            assert 1.5 < sound.getnframes() / sound.getframerate() < 3

    def test_it_is_heard_as_it_was_said(self, person: Person) -> None:
        heard = hear(speak(person, TEXT))
        assert heard is not None
        assert (heard.person, heard.text, heard.live) == (person.person, TEXT, True)

    def test_what_is_cut_short_mixed_up_or_silent_is_not_understood(self, world: World) -> None:
        one, other = (speak(person, TEXT) for person in world.make(2))
        middle = len(one) // 2
        spoilt = [one[:-400], one[:middle] + other[middle:], one[:2000] + bytes(400) + one[2400:], b"RIFF", b""]
        spoilt += [one[:44] + bytes(len(one) - 44)]
        assert [hear(content) for content in spoilt] == [None] * len(spoilt)


class TestDoor:
    """POST /voice/verify."""

    def judge(self, caller: Caller, said: dict[str, str], reference: dict[str, str] | None = None) -> dict[str, Any]:
        return caller.ask("voice.verify", {"text": TEXT, "recording": said, "reference": reference})

    def test_a_first_recording_is_judged_without_a_comparison(self, caller: Caller, person: Person) -> None:
        assert self.judge(caller, voice(person, TEXT)) == {"result": "first", "similarity": None}

    def test_the_same_voice_matches_whatever_it_said_before(self, caller: Caller, person: Person) -> None:
        answer = self.judge(caller, voice(person, TEXT), voice(person, "零一二三"))
        assert answer["result"] == "match"
        assert float(answer["similarity"]) > 90

    def test_another_voice_does_not(self, caller: Caller, world: World, person: Person) -> None:
        answer = self.judge(caller, voice(world.make(1)[0], TEXT), voice(person, "零一二三"))
        assert answer["result"] == "mismatch"
        assert float(answer["similarity"]) < 50

    def test_other_words_are_another_text(self, caller: Caller, person: Person) -> None:
        answer = self.judge(caller, voice(person, TEXT[::-1]), voice(person, TEXT))
        assert answer == {"result": "text_mismatch", "similarity": None}

    def test_what_is_played_back_is_not_live_whatever_else_it_is(self, caller: Caller, person: Person) -> None:
        assert self.judge(caller, voice(person, TEXT, live=False))["result"] == "not_live"
        assert self.judge(caller, voice(person, TEXT[::-1], live=False))["result"] == "not_live"

    @pytest.mark.parametrize("sound", [{"form": "wav", "content": "AAAA"}, {"form": "mp3", "content": "//uQZA=="}])
    def test_what_was_not_made_here_is_unclear(self, caller: Caller, person: Person, sound: dict[str, str]) -> None:
        assert self.judge(caller, sound)["result"] == "unclear"
        assert self.judge(caller, voice(person, TEXT), sound)["result"] == "unclear"

    @pytest.mark.parametrize("content", ["", "A", "===", "not base64!", "AAAAA"])
    def test_what_is_not_base64_is_an_invalid_request(self, caller: Caller, content: str) -> None:
        sound = {"form": "wav", "content": content}
        answer = caller.send("voice.verify", {"text": TEXT, "recording": sound, "reference": None})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


class TestControl:
    """GET /sandbox/people/{person}/voice."""

    def test_a_person_reads_aloud_and_the_log_knows_who_was_heard(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        answer = sandbox.http.get(person["voice_url"], params={"text": TEXT})
        assert answer.headers["content-type"] == "audio/wav"
        heard = hear(answer.content)
        assert heard is not None
        assert (heard.person, heard.text, heard.live) == (person["person"], TEXT, True)
        assert not sandbox.calls()
        played = hear(sandbox.http.get(person["voice_url"], params={"text": TEXT, "live": "no"}).content)
        assert played is not None
        assert not played.live

    @pytest.mark.parametrize(
        "query", [{}, {"text": ""}, {"text": "一" * 65}, {"text": "一", "live": "maybe"}, {"x": "1"}]
    )
    def test_what_cannot_be_read_is_refused(self, sandbox: Sandbox, query: dict[str, str]) -> None:
        assert sandbox.http.get(sandbox.person()["voice_url"], params=query).status_code == 400

    def test_nobody_does_not_speak(self, sandbox: Sandbox) -> None:
        assert sandbox.http.get("/sandbox/people/nobody/voice", params={"text": TEXT}).status_code == 404
