"""What staff see of the mechanisms: steps, audit log, history of states."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry

from core.admin.audit import AuditPage, FormLogPage, StateChangePage
from core.admin.proposals import ProposalPage
from core.admin.steps import StepPage
from core.approvals.models import Proposal
from core.audit.models import AuditEntry
from core.states.models import StateChange
from core.steps.models import Step

bank_pages = [
    (Proposal, ProposalPage),
    (Step, StepPage),
    (StateChange, StateChangePage),
    (AuditEntry, AuditPage),
    (LogEntry, FormLogPage),
]
province_pages = [
    (Proposal, ProposalPage),
    (Step, StepPage),
    (StateChange, StateChangePage),
    (AuditEntry, AuditPage),
    (LogEntry, FormLogPage),
]
