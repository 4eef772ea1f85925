"""Whose signatures count while an exported log is read, and how the trust passes from key to key."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.domain.audit.checkpoint import SignedCheckpoint
from strongroom.domain.audit.export import Header
from strongroom.domain.audit.findings import Finding, KeyOutOfTime, KeyUnknown, OriginWrong, SignatureWrong
from strongroom.domain.audit.note import VerifierKey, Verify
from strongroom.domain.audit.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Judgement:
    """`trusted`: by a key that counts; `genuine`: by one that at least the header names; and what is wrong."""

    trusted: bool
    genuine: bool
    findings: tuple[Finding, ...] = ()


class Keyring:
    """The keys that a user trusts and those the export names.

    A key that the export names becomes trusted when it signs a checkpoint together with a trusted one. After a key's
    successor (by the header's sizes) has taken over, it no longer counts.

    :param trusted: the user's keys; ``None`` takes the header's word, which proves only that the export agrees with
        itself.
    """

    def __init__(self, header: Header, trusted: Sequence[VerifierKey] | None, verify: Verify) -> None:
        self._origin, self._verify = header.origin, verify
        declared = sorted(header.keys, key=lambda one: one.valid_from)
        ends = [one.valid_from for one in declared[1:]]
        self._times = {one.key: (one.valid_from, end) for one, end in zip(declared, [*ends, None], strict=True)}
        self._trusted = set(self._times if trusted is None else trusted)

    def judge(self, signed: SignedCheckpoint, what: str) -> Judgement:
        """Check the signatures of a checkpoint; `what` names it in findings."""
        checkpoint, note = signed.checkpoint, signed.note
        if checkpoint.origin != self._origin:
            return Judgement(
                trusted=False, genuine=False, findings=(OriginWrong(what, checkpoint.origin, self._origin),)
            )
        known = self._trusted | self._times.keys()
        good: set[VerifierKey] = set()
        findings: list[Finding] = []
        for signature in note.signatures:
            for key in (key for key in known if signature.by(key) and key.name == self._origin):
                if not note.holds(signature, key, self._verify):
                    findings.append(SignatureWrong(what, signature.who))
                elif not self._in_time(key, checkpoint.size):
                    findings.append(KeyOutOfTime(what, signature.who))
                else:
                    good.add(key)
        if not good and not findings:
            findings.append(KeyUnknown(what, tuple(one.who for one in note.signatures)))
        trusted = bool(good & self._trusted)
        if trusted:
            self._trusted |= good
        return Judgement(trusted=trusted, genuine=bool(good), findings=tuple(findings))

    def judge_receipt(self, receipt: Receipt) -> tuple[Finding, ...]:
        """Check a receipt's signature, by any key the user trusts or the header names; nothing wrong is empty."""
        what = f"the receipt for record {receipt.uid}"
        if receipt.origin != self._origin:
            return (OriginWrong(what, receipt.origin, self._origin),)
        named = [key for key in self._trusted | self._times.keys() if receipt.signature.by(key)]
        if not named:
            return (KeyUnknown(what, (receipt.signature.who,)),)
        if not any(receipt.verified_by(key, self._verify) for key in named):
            return (SignatureWrong(what, receipt.signature.who),)
        return ()

    def _in_time(self, key: VerifierKey, size: int) -> bool:
        start, end = self._times.get(key, (0, None))
        return start <= size and (end is None or size <= end)
