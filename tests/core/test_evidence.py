"""The evidence log of a bank: appending, sequencing, proving, signing, and the guards in the database."""

from __future__ import annotations

import hashlib
import itertools
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, connection, transaction
from psycopg import sql

from core import evidence
from core.clock import move_business_date
from core.errors import NotFound
from core.evidence import tree
from core.evidence.models import EvidenceHead, EvidenceLeaf, EvidenceNode
from core.ids import new_id
from core.operations import TransactionForbidden, TransactionRequired
from core.tenancy import in_bank
from tests import database
from tests.at_once import at_once

if TYPE_CHECKING:
    import uuid

DAY = date(2099, 1, 1)  # a business date ahead of the seeded one
CONTENT = hashlib.sha256(b"a contract").digest()


def append(count: int = 1) -> list[uuid.UUID]:
    with transaction.atomic():
        return [
            evidence.append("contract", f"subject-{number}", hashlib.sha256(b"%d" % number).digest())
            for number in range(count)
        ]


def leaf_hashes() -> list[bytes]:
    """The leaf hashes of the log in its order, from the table of leaves alone."""
    rows = EvidenceLeaf.objects.filter(index__isnull=False).order_by("index")
    return [
        tree.leaf_hash(
            evidence.leaf_content(
                evidence.LeafData(row.pk, row.kind, row.subject, bytes(row.content_sha256), bytes(row.salt))
            )
        )
        for row in rows
    ]


def root_over(leaves: list[bytes]) -> bytes:
    return tree.hashes_of([(0, len(leaves))], tree.grow(0, {}, leaves))[0]


def holds(proof: evidence.InclusionProof) -> bool:
    """Check a proof as a stranger would: from the data of the leaf up to the root."""
    return evidence.verify_inclusion(
        leaf=tree.leaf_hash(evidence.leaf_content(proof.data)),
        index=proof.index,
        size=proof.tree_size,
        path=proof.path,
        root=proof.root,
    )


class TestAppend:
    def test_a_leaf_is_pending_until_it_is_sequenced(self, bank_a: str) -> None:
        with transaction.atomic():
            leaf_id = evidence.append("consent", "abc", CONTENT)
        row = EvidenceLeaf.objects.get()
        assert (row.pk, row.kind, row.subject, bytes(row.content_sha256)) == (
            leaf_id,
            "consent",
            "abc",
            CONTENT,
        )
        assert row.index is None
        assert evidence.prove(leaf_id) is None
        assert evidence.tree_size() == 0

    def test_equal_facts_have_unequal_leaves(self, bank_a: str) -> None:
        with transaction.atomic():
            ids = {evidence.append("consent", "abc", CONTENT) for _ in range(2)}
        rows = EvidenceLeaf.objects.filter(pk__in=ids)
        assert len({bytes(row.salt) for row in rows}) == len({bytes(row.leaf_hash) for row in rows}) == 2
        assert all(len(bytes(row.salt)) == 16 for row in rows)

    def test_belongs_to_the_caller_s_transaction(self, bank_a: str) -> None:
        with pytest.raises(TransactionRequired):
            evidence.append("consent", "abc", CONTENT)
        with transaction.atomic():
            evidence.append("consent", "abc", CONTENT)
            transaction.set_rollback(True)
        assert not EvidenceLeaf.objects.exists()

    @pytest.mark.parametrize(
        ("kind", "subject", "content"),
        [
            ("", "abc", CONTENT),
            ("consent", "", CONTENT),
            ("consent", "abc", b"short"),
            ("consent", "abc", b""),
        ],
    )
    def test_takes_a_kind_a_subject_and_a_whole_hash(
        self, bank_a: str, kind: str, subject: str, content: bytes
    ) -> None:
        with pytest.raises(ValueError, match="SHA-256 of 32 bytes"), transaction.atomic():
            evidence.append(kind, subject, content)
        assert not EvidenceLeaf.objects.exists()

    def test_is_one_statement_that_waits_for_nobody(self, bank_a: str, django_assert_num_queries: Any) -> None:
        with transaction.atomic(), django_assert_num_queries(1) as statements:
            evidence.append("consent", "abc", CONTENT)
        assert "BEGIN" not in statements[0]["sql"]
        assert EvidenceLeaf.objects.count() == 1


class TestSequence:
    def test_places_the_oldest_ids_first_up_to_its_limit(self, bank_a: str) -> None:
        ids = append(5)
        assert evidence.sequence(3) == 3
        assert placed() == dict(zip(sorted(ids)[:3], range(3), strict=True))
        assert evidence.sequence(3) == 2
        assert placed() == dict(zip(sorted(ids), range(5), strict=True))
        assert evidence.sequence(3) == 0

    def test_a_leaf_that_commits_late_gets_a_later_place(self, bank_a: str) -> None:
        early_id = new_id()
        append(2)
        evidence.sequence(10)
        EvidenceLeaf.objects.create(
            id=early_id,
            kind="late",
            subject="abc",
            content_sha256=CONTENT,
            salt=b"s" * 16,
            leaf_hash=b"h" * 32,
        )
        evidence.sequence(10)
        assert EvidenceLeaf.objects.get(pk=early_id).index == 2

    def test_batches_of_any_size_give_the_same_tree(self, bank_a: str) -> None:
        append(45)
        for limit in (1, 2, 1, 7, 16, 3, 100):
            evidence.sequence(limit)
        leaves = leaf_hashes()
        assert len(leaves) == evidence.tree_size() == 45
        assert evidence.root_at(45) == root_over(leaves)
        stored = {(node.level, node.index): bytes(node.hash) for node in EvidenceNode.objects.all()}
        assert stored == {name: value for name, value in tree.grow(0, {}, leaves).items() if name[0]}

    def test_takes_a_bounded_number_of_statements(self, bank_a: str, django_assert_max_num_queries: Any) -> None:
        append(300)
        evidence.sequence(37)
        with django_assert_max_num_queries(9):
            evidence.sequence(263)

    def test_a_run_that_dies_has_done_nothing(self, bank_a: str, monkeypatch: pytest.MonkeyPatch) -> None:
        append(5)
        with monkeypatch.context() as patched:
            patched.setattr(EvidenceNode.objects, "bulk_create", killed)
            with pytest.raises(RuntimeError, match="killed"):
                evidence.sequence(5)
        assert evidence.tree_size() == EvidenceNode.objects.count() == 0
        assert evidence.sequence(5) == 5
        assert evidence.root_at(5) == root_over(leaf_hashes())

    def test_opens_its_own_transaction(self, bank_a: str) -> None:
        with pytest.raises(TransactionForbidden), transaction.atomic():
            evidence.sequence(1)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_below_one_is_a_mistake(self, bank_a: str, limit: int) -> None:
        with pytest.raises(ValueError, match="cannot sequence"):
            evidence.sequence(limit)

    def test_each_bank_has_its_own_log(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            append(3)
            evidence.sequence(10)
        with in_bank(bank_b):
            assert evidence.sequence(10) == evidence.tree_size() == 0
            (leaf_id,) = append()
            evidence.sequence(10)
            assert EvidenceLeaf.objects.get().index == 0
        with in_bank(bank_a), pytest.raises(NotFound):
            evidence.prove(leaf_id)

    @pytest.mark.django_db(transaction=True)
    def test_sequencers_at_once_place_every_leaf_exactly_once(self, bank_a: str) -> None:
        append(60)
        counts = at_once(bank_a, [lambda: [evidence.sequence(7) for _ in range(4)]] * 4)
        assert sum(sum(each) for each in counts if isinstance(each, list)) == evidence.tree_size() == 60
        assert evidence.root_at(60) == root_over(leaf_hashes())


class TestProve:
    def test_every_leaf_can_be_proved_in_every_tree_that_has_it(self, bank_a: str) -> None:
        ids = append(11)
        evidence.sequence(100)
        leaves = leaf_hashes()
        for size in range(12):
            for number, leaf_id in enumerate(sorted(ids)):
                proof = evidence.prove(leaf_id, size=size)
                if number >= size:
                    assert proof is None
                    continue
                assert proof is not None
                assert (proof.index, proof.tree_size, proof.leaf_hash) == (number, size, leaves[number])
                assert proof.root == root_over(leaves[:size])
                assert holds(proof)

    def test_without_a_size_it_is_proved_in_the_whole_tree(self, bank_a: str) -> None:
        ids = append(9)
        evidence.sequence(100)
        proof = evidence.prove(ids[0])
        assert proof is not None
        assert (proof.tree_size, proof.root) == (9, evidence.root_at(9))
        assert holds(proof)

    def test_a_proof_of_other_content_is_refused(self, bank_a: str) -> None:
        ids = append(9)
        evidence.sequence(100)
        proof = evidence.prove(ids[4])
        assert proof is not None
        for forged in (
            replace(proof.data, content_sha256=hashlib.sha256(b"another contract").digest()),
            replace(proof.data, subject="subject-5"),
            replace(proof.data, kind="consent"),
            replace(proof.data, salt=bytes(16)),
            replace(proof.data, id=ids[5]),
            replace(proof.data, kind="contracts", subject="ubject-4"),
        ):
            assert not holds(replace(proof, data=forged))

    def test_an_unknown_leaf_is_not_found(self, bank_a: str) -> None:
        with pytest.raises(NotFound):
            evidence.prove(new_id())

    @pytest.mark.parametrize("size", [-1, 10])
    def test_a_tree_that_was_never_there_proves_nothing(self, bank_a: str, size: int) -> None:
        ids = append(9)
        evidence.sequence(100)
        with pytest.raises(ValueError, match="no tree of"):
            evidence.prove(ids[0], size=size)

    def test_takes_a_bounded_number_of_statements(self, bank_a: str, django_assert_max_num_queries: Any) -> None:
        ids = append(200)
        evidence.sequence(1000)
        with django_assert_max_num_queries(4):
            evidence.prove(ids[77])


class TestConsistency:
    def test_every_tree_is_proved_to_extend_every_former_one(self, bank_a: str) -> None:
        append(12)
        evidence.sequence(100)
        roots = [evidence.root_at(size) for size in range(13)]
        for size_b in range(13):
            for size_a in range(size_b + 1):
                path = evidence.consistency(size_a, size_b)
                assert evidence.verify_consistency(
                    size_a=size_a, root_a=roots[size_a], size_b=size_b, root_b=roots[size_b], path=path
                )

    @pytest.mark.parametrize(("size_a", "size_b"), [(3, 2), (0, 21), (-1, 5)])
    def test_trees_that_were_never_there_have_no_proof(self, bank_a: str, size_a: int, size_b: int) -> None:
        append(20)
        evidence.sequence(100)
        with pytest.raises(ValueError, match="tree of"):
            evidence.consistency(size_a, size_b)


class TestSignHead:
    KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)

    def test_signs_what_anybody_can_write_down(self, bank_a: str) -> None:
        at_business_date(DAY)
        append(5)
        evidence.sequence(100)
        head = evidence.sign_head(self.KEY.sign)
        assert (head.bank_code, head.number, head.head_date) == (bank_a, 1, DAY)
        assert (head.tree_size, head.previous_size, head.root) == (5, 0, evidence.root_at(5))
        self.KEY.public_key().verify(head.signature, head.message)
        stored = evidence.latest_head()
        assert stored == head
        self.KEY.public_key().verify(stored.signature, stored.message)

    def test_the_message_is_the_published_one(self) -> None:
        message = evidence.head_message(
            bank_code="125",
            number=7,
            head_date=date(2026, 11, 22),
            tree_size=12,
            root=b"\xab" * 32,
            previous_size=9,
            signed_at=datetime(2026, 11, 22, 23, 5, 1, 20, tzinfo=timezone(timedelta(hours=8))),
        )
        assert message.decode() == (
            "evidence-head/1\n125\n7\n2026-11-22\n12\n" + "ab" * 32 + "\n9\n2026-11-22T15:05:01.000020+00:00\n"
        )

    def test_any_changed_member_breaks_the_signature(self, bank_a: str) -> None:
        append(5)
        evidence.sequence(100)
        head = evidence.sign_head(self.KEY.sign)
        for forged in (
            replace(head, bank_code="116"),
            replace(head, number=2),
            replace(head, head_date=head.head_date + timedelta(days=1)),
            replace(head, tree_size=6),
            replace(head, root=b"r" * 32),
            replace(head, previous_size=1),
            replace(head, signed_at=head.signed_at + timedelta(microseconds=1)),
        ):
            with pytest.raises(InvalidSignature):
                self.KEY.public_key().verify(head.signature, forged.message)

    def test_heads_form_a_chain_of_consistent_trees(self, bank_a: str) -> None:
        heads = []
        for day, count in enumerate((0, 3, 0, 4, 1)):
            append(count)
            evidence.sequence(100)
            at_business_date(DAY + timedelta(days=day))
            heads.append(evidence.sign_head(self.KEY.sign))
        assert [(head.number, head.previous_size, head.tree_size) for head in heads] == [
            (1, 0, 0), (2, 0, 3), (3, 3, 3), (4, 3, 7), (5, 7, 8),
        ]  # fmt: skip
        for former, latter in itertools.pairwise(heads):
            assert evidence.verify_consistency(
                size_a=former.tree_size,
                root_a=former.root,
                size_b=latter.tree_size,
                root_b=latter.root,
                path=evidence.consistency(former.tree_size, latter.tree_size),
            )

    def test_the_same_state_of_the_same_day_is_signed_once(self, bank_a: str) -> None:
        append(2)
        evidence.sequence(100)
        head = evidence.sign_head(self.KEY.sign)
        assert evidence.sign_head(refuse_to_sign) == head
        assert EvidenceHead.objects.count() == 1

    def test_there_is_no_head_before_the_first(self, bank_a: str) -> None:
        assert evidence.latest_head() is None

    def test_the_signer_is_asked_outside_of_transactions(self, bank_a: str) -> None:
        open_blocks: list[object] = []

        def sign(message: bytes) -> bytes:
            open_blocks.extend(
                block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)
            )
            return self.KEY.sign(message)

        evidence.sign_head(sign)
        assert open_blocks == []
        with pytest.raises(TransactionForbidden), transaction.atomic():
            evidence.sign_head(self.KEY.sign)

    def test_of_two_at_once_one_is_stored_and_the_other_told(self, bank_a: str) -> None:
        append(2)
        evidence.sequence(100)

        def sign_slowly(message: bytes) -> bytes:
            append(1)
            evidence.sequence(100)
            evidence.sign_head(self.KEY.sign)
            return self.KEY.sign(message)

        with pytest.raises(evidence.HeadOvertaken):
            evidence.sign_head(sign_slowly)
        assert [(head.number, head.tree_size) for head in EvidenceHead.objects.all()] == [(1, 3)]

    def test_a_signer_that_fails_leaves_no_head(self, bank_a: str) -> None:
        with pytest.raises(RuntimeError, match="no signing"):
            evidence.sign_head(refuse_to_sign)
        assert evidence.latest_head() is None

    @pytest.mark.django_db(transaction=True)
    def test_a_log_that_was_rewritten_behind_the_guards_is_not_signed(self, bank_a: str) -> None:
        append(4)
        evidence.sequence(100)
        head = evidence.sign_head(self.KEY.sign)
        as_owner_without_guards(f"UPDATE bank_{bank_a}.core_evidence_node SET hash = sha256(hash)")
        append(1)
        evidence.sequence(100)
        at_business_date(DAY)
        with pytest.raises(evidence.LogRewritten, match="does not extend"):
            evidence.sign_head(refuse_to_sign)
        assert evidence.latest_head() == head


class TestGuards:
    @pytest.mark.parametrize(
        ("statement", "guard"),
        [
            ("DELETE FROM core_evidence_leaf", "core_evidence_leaf_no_delete"),
            ("UPDATE core_evidence_leaf SET index = 7", "core_evidence_leaf_only_sequenced"),
            ("UPDATE core_evidence_leaf SET index = NULL", "core_evidence_leaf_only_sequenced"),
            ("UPDATE core_evidence_leaf SET subject = 'x'", "core_evidence_leaf_only_sequenced"),
            ("UPDATE core_evidence_node SET hash = ''", "core_evidence_node_append_only"),
            ("DELETE FROM core_evidence_node", "core_evidence_node_append_only"),
            ("UPDATE core_evidence_head SET root = ''", "core_evidence_head_append_only"),
            ("DELETE FROM core_evidence_head", "core_evidence_head_append_only"),
        ],
    )
    def test_the_database_refuses_to_rewrite_what_is_in_the_log(self, bank_a: str, statement: str, guard: str) -> None:
        append(4)
        evidence.sequence(100)
        evidence.sign_head(lambda _: b"signature")
        before = [list(model.objects.values()) for model in (EvidenceLeaf, EvidenceNode, EvidenceHead)]
        assert all(before)
        assert refused_by(statement) == guard
        assert [list(model.objects.values()) for model in (EvidenceLeaf, EvidenceNode, EvidenceHead)] == before

    @pytest.mark.parametrize(
        "change",
        [
            "kind = 'x'", "subject = 'x'", "content_sha256 = ''", "salt = ''", "leaf_hash = ''",
            "created_at = created_at + interval '1 s'", "id = gen_random_uuid()",
        ],
    )  # fmt: skip
    def test_a_pending_leaf_changes_in_nothing_but_its_place(self, bank_a: str, change: str) -> None:
        append(1)
        before = list(EvidenceLeaf.objects.values())
        for statement in (
            f"UPDATE core_evidence_leaf SET {change}",
            f"UPDATE core_evidence_leaf SET index = 0, {change}",
        ):
            assert refused_by(statement) == "core_evidence_leaf_only_sequenced"
        assert refused_by("DELETE FROM core_evidence_leaf") == "core_evidence_leaf_no_delete"
        assert list(EvidenceLeaf.objects.values()) == before

    def test_a_leaf_is_born_without_a_place(self, bank_a: str) -> None:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            EvidenceLeaf.objects.create(kind="x", subject="x", content_sha256=CONTENT, salt=b"", leaf_hash=b"", index=0)
        assert constraint(refused.value) == "core_evidence_leaf_born_pending"
        assert not EvidenceLeaf.objects.exists()

    def test_two_leaves_never_have_one_place(self, bank_a: str) -> None:
        append(2)
        assert refused_by("UPDATE core_evidence_leaf SET index = 0") == "core_evidence_leaf_index_once"

    def test_a_head_never_shrinks_the_log(self, bank_a: str) -> None:
        with pytest.raises(IntegrityError, match="core_evidence_head_extends"), transaction.atomic():
            EvidenceHead.objects.create(
                number=1, head_date=DAY, tree_size=1, previous_size=2, root=b"", signature=b"",
                signed_at=datetime(2026, 11, 22, tzinfo=UTC),
            )  # fmt: skip

    def test_the_guards_of_a_bank_look_at_no_other_schema(self, bank_a: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT p.proname, p.proconfig FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                " WHERE n.nspname = %s AND p.proname IN ('core_evidence_refuse', 'core_vault_refuse')",
                [f"bank_{bank_a}"],
            )
            found = dict(cursor.fetchall())
        assert found.keys() == {"core_evidence_refuse", "core_vault_refuse"}
        for (setting,) in found.values():
            name, _, path = setting.partition("=")
            assert name == "search_path"
            assert [part.strip('" ') for part in path.split(",")] == [f"bank_{bank_a}", "public"]


def at_business_date(day: date) -> None:
    with transaction.atomic():
        move_business_date(to_date=day)


def placed() -> dict[uuid.UUID, int]:
    rows = EvidenceLeaf.objects.filter(index__isnull=False).values_list("pk", "index")
    return {pk: index for pk, index in rows if index is not None}


def killed(*_: Any, **__: Any) -> Any:
    raise RuntimeError("killed")


def refuse_to_sign(_: bytes) -> bytes:
    raise RuntimeError("no signing today")


def refused_by(statement: str) -> str | None:
    """Run a statement that must be refused, and name the constraint or trigger that did."""
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return constraint(refused.value)


def constraint(error: IntegrityError) -> str | None:
    cause: Any = error.__cause__
    name: str | None = cause.diag.constraint_name
    return name


def as_owner_without_guards(statement: str) -> None:
    """Do what only the owner of the tables can: rewrite with the triggers off."""
    with database.owner(os.environ["DATABASE_URL"], str(connection.settings_dict["NAME"])) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(sql.SQL(statement))
