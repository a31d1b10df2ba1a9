"""The one form in which a signature's value may be written.

A CMS signature (RFC 5652) covers the document and its own signed attributes, and its time stamp covers the
signature. Around them lie bytes that nothing covers: versions, the list of hash functions, the signer's name
as a pointer to a certificate, spare certificates. Each may be written in several ways with the same meaning,
so a byte could change and no one would see it. Therefore `sign_contract` writes them in one way
(`in_one_form`), and `verify_contract` takes no other (`refuse_loose_parts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asn1crypto import algos, cms, core, parser, x509

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_CERTIFICATES = 5
"""How many certificates a signature or a time stamp may bring along: its own, and those up to the root.

A path to a root is sought through all of them in every order; eight that name each other take a minute.
"""

_VERSIONS = {"data": "v1", "tst_info": "v3"}
_NO_PARAMETERS = (b"", b"\x05\x00")
_RSA = "rsassa_pkcs1v15"


class LoosePart(Exception):
    """Say that a signature holds something that no signature covers and that is not in its one form."""


def refuse_many_certificates(signed: cms.SignedData) -> None:
    """Refuse a signature that brings more certificates along than a chain needs; before any path is sought.

    Raises:
        LoosePart: see above.
    """
    certificates = signed["certificates"]
    if not isinstance(certificates, core.Void) and len(certificates) > MOST_CERTIFICATES:
        raise LoosePart("too many certificates")


def time_stamp_of(signed: cms.SignedData) -> cms.SignedData | None:
    """Return the content of the signature's time stamp token, or `None` where it has none.

    Raises:
        LoosePart: there is anything else beside one token.
    """
    (signer_info,) = signed["signer_infos"]
    attributes = signer_info["unsigned_attrs"]
    if isinstance(attributes, core.Void) or len(attributes) == 0:
        return None
    kinds = [attribute["type"].native for attribute in attributes]
    if kinds != ["signature_time_stamp_token"] or len(attributes[0]["values"]) != 1:
        raise LoosePart("unsigned attributes")
    return attributes[0]["values"][0]["content"]


def in_one_form(token: cms.ContentInfo) -> cms.ContentInfo:
    """Return a time stamp token with its uncovered parts in the one form.

    What the authority signed stays untouched. Roots are dropped (whoever verifies has them), so are
    revocation lists and unsigned attributes; the list of hash functions names the one in use; a plain RSA
    signature is called `rsaEncryption` (RFC 3370 and RFC 5754 allow two names for it).
    """
    signed = token["content"]
    (info,) = signed["signer_infos"]
    certificates = signed["certificates"]
    if not isinstance(certificates, core.Void):
        kept = [
            one
            for one in certificates
            if one.name == "certificate" and (one.chosen.self_signed == "no" or _points_to(info["sid"], one.chosen))
        ]
        signed["certificates"] = cms.CertificateSet(kept)
    signed["crls"] = None
    signed["digest_algorithms"] = cms.DigestAlgorithms([info["digest_algorithm"]])
    if info["signature_algorithm"].signature_algo == _RSA:
        info["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": _RSA})
    info["unsigned_attrs"] = None
    return token


def _points_to(pointer: cms.SignerIdentifier, certificate: x509.Certificate) -> bool:
    """Tell whether a signer's pointer names this certificate, spelled exactly as the certificate has it."""
    named = pointer.chosen
    if isinstance(named, cms.IssuerAndSerialNumber):
        same_issuer = named["issuer"].dump() == certificate.issuer.dump()
        return bool(same_issuer and named["serial_number"].native == certificate.serial_number)
    return bool(named.native == certificate.key_identifier)


def refuse_unless_der(value: bytes) -> None:
    """Refuse bytes that are not DER through and through.

    Lengths are the shortest, elements are full, nothing lies in between. Readers are lenient here: a length
    that is too long takes in the padding behind it, and no one minds.

    Raises:
        LoosePart: an element is written in another way than DER has it.
        ValueError: the bytes are cut off.
    """
    waiting = [value]
    while waiting:
        rest = waiting.pop()
        while rest:
            kind, constructed, tag, header, content, trailer = parser.parse(rest)
            written = header + content + trailer
            if (kind, tag) == (0, 0) or parser.emit(kind, constructed, tag, content) != written:
                raise LoosePart("encoding")
            if constructed:
                waiting.append(content)
            rest = rest[len(written) :]


def refuse_loose_parts(signed: cms.SignedData, *, signer: x509.Certificate, known: Iterable[x509.Certificate]) -> None:
    """Refuse a signature of which a byte could be written otherwise and mean the same.

    `signer` is the certificate that made it, `known` are the certificates of its validated path and the trust
    roots. A spare certificate is let through only as the cross-signed twin of one of these, which large
    authorities send along: of that twin alone a byte may change unseen (a whole-file hash sees it).

    Raises:
        LoosePart: see above; its text names the part.
    """
    (info,) = signed["signer_infos"]
    version = "v1" if info["sid"].name == "issuer_and_serial_number" else "v3"
    plain_rsa = info["signature_algorithm"].signature_algo == _RSA
    known = tuple(known)
    in_form = {
        "version": signed["version"].native == _VERSIONS.get(signed["encap_content_info"]["content_type"].native),
        "digest algorithms": _dumps(signed["digest_algorithms"]) == [info["digest_algorithm"].dump()],
        "digest parameters": info["digest_algorithm"]["parameters"].dump() in _NO_PARAMETERS,
        "certificates": all(_is_known(one.chosen, known) for one in signed["certificates"]),
        "revocation lists": isinstance(signed["crls"], core.Void),
        "signer version": info["version"].native == version,
        "signer": _points_to(info["sid"], signer),
        "signature algorithm": not plain_rsa or info["signature_algorithm"]["algorithm"].native == _RSA,
        "signature parameters": (
            info["signature_algorithm"].signature_algo == "rsassa_pss"
            or info["signature_algorithm"]["parameters"].dump() in _NO_PARAMETERS
        ),
    }
    for part, right in in_form.items():
        if not right:
            raise LoosePart(part)


def _is_known(spare: x509.Certificate, known: tuple[x509.Certificate, ...]) -> bool:
    if any(spare.dump() == certificate.dump() for certificate in known):
        return True
    owner = (spare.subject.dump(), spare.public_key.dump())
    twins = [one for one in known if (one.subject.dump(), one.public_key.dump()) == owner]
    return spare.self_issued is False and bool(twins)


def _dumps(values: core.SetOf) -> list[bytes]:
    return [value.dump() for value in values]
