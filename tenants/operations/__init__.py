"""What can be done in the tenants room."""

from __future__ import annotations

from tenants.operations.bank_dossiers import ask_dossier
from tenants.operations.campaigns import CostRefused, record_campaign_cost
from tenants.operations.entries import (
    Arrival,
    EntryUnknown,
    Shared,
    close_entry,
    entry_to_share,
    fetch_image_again,
    make_entry,
    remember_visitor,
    reopen_entry,
    resolve_scene,
    scan_of_entry_token,
)
from tenants.operations.evidence_heads import HeadRefused, push_evidence_head
from tenants.operations.figures import BORROWERS, DRAWN, GRANTED, FiguresFinal, earliest_open_date, record_figures
from tenants.operations.parameters import set_bank_parameter, set_platform_parameter
from tenants.operations.product_templates import TemplateRefused, check_templates_by, save_template
from tenants.operations.province import (
    GoLiveRefused,
    LaunchFacts,
    LaunchFactsRefused,
    LprRefused,
    RegionsRefused,
    ask_facts,
    enter_lpr,
    mark_day,
    move_bank,
    record_launch_facts,
    set_licensed_regions,
)
from tenants.operations.stopping import owe_when_stopped
from tenants.operations.support import SupportRefused, grant_support, revoke_support
from tenants.operations.switches import SwitchRefused, switch_off
from tenants.operations.wechat import wechat_openid, wechat_phone_number

__all__ = [
    "BORROWERS",
    "DRAWN",
    "GRANTED",
    "Arrival",
    "CostRefused",
    "EntryUnknown",
    "FiguresFinal",
    "GoLiveRefused",
    "HeadRefused",
    "LaunchFacts",
    "LaunchFactsRefused",
    "LprRefused",
    "RegionsRefused",
    "Shared",
    "SupportRefused",
    "SwitchRefused",
    "TemplateRefused",
    "ask_dossier",
    "ask_facts",
    "check_templates_by",
    "close_entry",
    "earliest_open_date",
    "enter_lpr",
    "entry_to_share",
    "fetch_image_again",
    "grant_support",
    "make_entry",
    "mark_day",
    "move_bank",
    "owe_when_stopped",
    "push_evidence_head",
    "record_campaign_cost",
    "record_figures",
    "record_launch_facts",
    "remember_visitor",
    "reopen_entry",
    "resolve_scene",
    "revoke_support",
    "save_template",
    "scan_of_entry_token",
    "set_bank_parameter",
    "set_licensed_regions",
    "set_platform_parameter",
    "switch_off",
    "wechat_openid",
    "wechat_phone_number",
]
