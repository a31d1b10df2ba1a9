"""Setting contracts and seals."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.money import in_capitals
from lending.contracts.data import Confirmation, ContractData, Instalment
from lending.contracts.errors import GlyphMissing, TemplateError
from lending.contracts.render import render_contract, render_seal, standard_template
from lending.contracts.trial import trial_data, try_template
from tests.at_once import at_once
from tests.lending.contracts.reading import open_pdf, page_texts, text_of

TINY = """#let d = json(bytes(sys.inputs.data))
#set document(title: d.number)
#set text(font: "Noto Sans CJK SC", lang: "zh")
"""
AMOUNTS = TINY + "人民币（大写）#d.principal.capitals;（小写：¥#d.principal.figures;元）"
PERSON = TINY + "#d.borrower.name"
UNKNOWN_HAN = "\U000323af"  # assigned in Unicode 15.0, in no font of ours
PRIVATE_USE = "\ue863"  # a GBK habit of old systems
DIGITS = {"零": 0, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}


def named(name: str) -> ContractData:
    data = trial_data()
    return replace(data, borrower=replace(data.borrower, name=name))


def bullet(principal_fen: int) -> ContractData:
    row = Instalment(number=1, due_date=date(2026, 3, 15), principal_fen=principal_fen, interest_fen=1, balance_fen=0)
    return replace(trial_data(), principal_fen=principal_fen, method="bullet", instalments=(row,))


def read_capitals(text: str) -> int:
    """Read an amount in Chinese capitals as fen, by a way of its own."""
    fen = section = digit = yuan = 0
    for letter in text:
        if letter in DIGITS:
            digit = DIGITS[letter]
        elif letter in "拾佰仟":
            section += digit * {"拾": 10, "佰": 100, "仟": 1000}[letter]
            digit = 0
        elif letter in "万亿":
            yuan = (yuan + section + digit) * {"万": 10_000, "亿": 100_000_000}[letter]
            section = digit = 0
        elif letter == "元":
            fen += (yuan + section + digit) * 100
            digit = 0
        elif letter in "角分":
            fen += digit * {"角": 10, "分": 1}[letter]
            digit = 0
    return fen


class TestRenderContract:
    def test_the_same_data_make_the_same_bytes(self, contract_pdf: bytes) -> None:
        data = trial_data(legal_name="江苏样例农村商业银行股份有限公司")
        assert render_contract(standard_template(), data) == contract_pdf

    def test_a_template_that_sets_no_date_is_deterministic_too(self) -> None:
        source = f"{TINY}今天是 #datetime.today().display()"
        made_at = datetime(2024, 2, 29, 12, tzinfo=UTC)
        first, second = (render_contract(source, replace(trial_data(), made_at=made_at)) for _ in range(2))
        assert first == second
        assert "2024-02-29" in text_of(first)

    def test_threads_of_one_process_get_the_same_bytes(self, contract_pdf: bytes) -> None:
        data = trial_data(legal_name="江苏样例农村商业银行股份有限公司")
        made = at_once(None, [lambda: render_contract(standard_template(), data)] * 4)
        assert made == [contract_pdf] * 4

    def test_it_is_pdf_a_4_with_every_font_inside(self, contract_pdf: bytes) -> None:
        reader = open_pdf(contract_pdf)
        metadata = reader.root["/Metadata"].data
        assert contract_pdf.startswith(b"%PDF-2.0")
        assert b"<pdfaid:part>4</pdfaid:part>" in metadata
        assert b"<pdfaid:rev>2020</pdfaid:rev>" in metadata
        assert len(reader.root["/OutputIntents"]) == 1
        fonts = reader.find_page_for_modification(0)[0].get_object()["/Resources"]["/Font"]
        for font in fonts.values():
            descriptor = font.get_object()["/DescendantFonts"][0]["/FontDescriptor"]
            assert "NotoSansCJK" in descriptor["/FontName"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)

    def test_the_files_date_is_the_datas(self) -> None:
        pdf = render_contract(TINY + "x", replace(trial_data(), made_at=datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)))
        assert b"<xmp:CreateDate>2031-05-06T07:08:09" in open_pdf(pdf).root["/Metadata"].data

    def test_every_page_names_the_lender_and_the_contract(self, contract_pdf: bytes) -> None:
        texts = page_texts(contract_pdf)
        assert len(texts) >= 4
        for text in texts:
            assert text.count("江苏样例农村商业银行股份有限公司") >= 2
            assert "合同编号：0002026XF0000000001" in text

    @pytest.mark.parametrize(
        "stated",
        [
            "年利率为6.00%",
            "2025年12月22日公布的1年期贷款市场报价利率（LPR）3.00%为基础，加300个基点",
            "综合融资成本年化为6.00%（按月内部收益率×12计算，单利）",
            "30/360（每月按30天、每年按360天计算）",
            "320583199001010010",
            "6223240000000000010",
            "家庭日常消费",
            "等额本金，按月归还",
            "9.00%（合同年利率加收50%）",
            "12.00%（合同年利率加收100%）",
            "按逾期罚息利率计收复利",
            "每日8时至22时",
            "0500-00000001",
            "营业网点、微信小程序“投诉建议”",
            "贷款人住所地有管辖权的人民法院",
            "提前还款不收取违约金和手续费",
            "0123456789abcdef0123456789abcdef",
            "1" * 32,
            "2026-02-155,000.0050.005,050.005,000.00",
            "合计10,000.0075.0010,075.00",
        ],
    )
    def test_the_contract_states(self, contract_text: str, stated: str) -> None:
        assert stated in contract_text.replace("\u3000", "").replace(" ", "")

    def test_other_terms_change_the_words(self) -> None:
        data = trial_data()
        data = replace(
            data,
            method="interest_only",
            rate=replace(
                data.rate,
                spread_bp=-25,
                annual_rate=Decimal("2.7500"),
                all_in_annual_rate=Decimal("2.7882"),
                all_in_basis="simple",
                lpr_tenor="5Y",
                day_count="act/365",
            ),
            penalty=replace(data.penalty, compound=False, grace_days=3, overdue_markup_percent=Decimal(30)),
            early_repayment_fee_percent=Decimal("0.50"),
        )
        text = text_of(render_contract(standard_template(), data))
        for stated in (
            "按期付息，到期一次还本",
            "减25个基点",
            "5年期以上贷款市场报价利率",
            "年化为2.7882%",
            "实际天数/365，日利率=年利率÷365",
            "还款日后3日内足额还清",
            "年利率3.575%（合同年利率加收30%）",
            "未按期支付的利息和罚息，均不计收复利",
            "提前归还本金的0.5%收取违约金",
        ):
            assert stated in text, stated

    def test_states_by_which_the_product_compounds_penalties_and_moves_due_dates(self) -> None:
        plain = trial_data()
        data = replace(
            plain, shifts_due_dates=True, penalty=replace(plain.penalty, compound_on_penalty=True),
            repayment_order=("费用", "利息", "本金", "复利", "罚息"), principal_first_days=30,
        )  # fmt: skip
        text, usual = (text_of(render_contract(standard_template(), each)) for each in (data, plain))
        for stated, otherwise in (
            ("对未按期支付的利息和罚息，均按逾期罚息利率计收复利", "对罚息不计收复利"),
            ("顺延至其后第一个工作日，顺延期间照计利息", "还款日遇法定节假日不顺延"),
            ("按费用、利息、本金、复利、罚息的顺序清偿", "按费用、复利、罚息、利息、本金的顺序清偿"),
            ("逾期超过30日的，先清偿本金", "逾期超过90日的，先清偿本金"),
        ):
            assert stated in text
            assert otherwise not in text
            assert otherwise in usual

    @pytest.mark.parametrize(
        "principal_fen",
        [100, 50_000, 100_001, 1_000_000, 1_010_050, 12_345_678, 20_000_000, 1_000_000_000, 10_000_500_007],
    )
    def test_capitals_equal_figures(self, principal_fen: int) -> None:
        text = text_of(render_contract(AMOUNTS, bullet(principal_fen)))
        capitals = text.split("人民币（大写）")[1].split("（")[0]
        figures = text.split("（小写：¥")[1].split("元")[0]
        assert capitals == in_capitals(principal_fen)
        assert read_capitals(capitals) == principal_fen
        assert figures == f"{principal_fen // 100:,}.{principal_fen % 100:02d}"

    def test_the_contract_states_its_amount_in_capitals_and_figures(self, contract_text: str) -> None:
        assert contract_text.count("人民币（大写）壹万元整（小写：¥10,000.00元）") == 2

    def test_a_long_schedule_runs_over_pages_and_keeps_every_row(self) -> None:
        rows = tuple(
            Instalment(
                number=n,
                due_date=date(2026 + n // 12, n % 12 + 1, 15),
                principal_fen=10_000,
                interest_fen=n,
                balance_fen=(60 - n) * 10_000,
            )
            for n in range(1, 61)
        )
        data = replace(
            trial_data(),
            principal_fen=600_000,
            term_months=60,
            maturity_date=rows[-1].due_date,
            instalments=rows,
        )
        texts = page_texts(render_contract(standard_template(), data))
        text = "".join(texts)
        assert all(row.due_date.isoformat() in text for row in rows)
        assert sum("应还本金（元）" in page for page in texts) >= 2, "the table's head is repeated"

    def test_many_consents_are_all_listed(self) -> None:
        consents = tuple(Confirmation(title=f"授权书{n}", id=f"{n:032x}", sha256=f"{n:064x}") for n in range(1, 40))
        text = text_of(render_contract(standard_template(), replace(trial_data(), consents=consents)))
        assert all(consent.id in text for consent in consents)


class TestPeoplesText:
    @pytest.mark.parametrize("name", ["张镕喆", "王堃赟", "龘", "𠮷野", "㛃", "䶮", "阿卜杜拉·买买提"])
    def test_rare_characters_are_set_and_read_back(self, name: str) -> None:
        assert text_of(render_contract(PERSON, named(name))) == name

    def test_the_whole_contract_takes_rare_characters(self) -> None:
        text = text_of(render_contract(standard_template(), named("镕喆堃赟龘𠮷㛃䶮")))
        assert text.count("镕喆堃赟龘𠮷㛃䶮") >= 4

    @pytest.mark.parametrize(
        "name",
        [
            '#read("/etc/passwd")',
            "*粗* _斜_ `码` $x^2$ <seal> @ref",
            '#import "@preview/x:0.1.0"',
            "\\u{41} // 注释",
            '"}; #panic("x")',
            "张三\n= 标题",
        ],
    )
    def test_markup_is_set_as_text_and_never_run(self, name: str) -> None:
        text = text_of(render_contract(PERSON, named(name)))
        assert "".join(text.split()) == "".join(name.split())

    def test_the_whole_contract_shows_markup_as_text(self) -> None:
        name = '#read("/etc/passwd")'
        text = text_of(render_contract(standard_template(), named(name)))
        assert text.count(name) >= 4
        assert "root:" not in text

    @pytest.mark.parametrize(
        ("name", "missing"),
        [
            (f"张{UNKNOWN_HAN}", UNKNOWN_HAN),
            (f"{PRIVATE_USE}三", PRIVATE_USE),
            (f"{UNKNOWN_HAN}{PRIVATE_USE}{UNKNOWN_HAN}", UNKNOWN_HAN + PRIVATE_USE),
            ("张😀", "😀"),
        ],
    )
    def test_a_missing_glyph_is_an_error_that_names_it(self, name: str, missing: str) -> None:
        with pytest.raises(GlyphMissing) as caught:
            render_contract(PERSON, named(name))
        assert set(caught.value.characters) == set(missing)
        assert len(caught.value.characters) == len(set(missing))
        assert f"U+{ord(missing[0]):04X}" in str(caught.value)


class TestBankTemplates:
    def test_a_template_of_the_banks_own_sees_the_data(self) -> None:
        source = f"{TINY}= #d.lender.legal_name <seal>\n#d.principal.capitals #d.penalty.misuse_rate"
        text = text_of(try_template(source, legal_name="样例银行")).replace(" ", "")
        assert text == "样例银行壹万元整12.00"

    @pytest.mark.parametrize(
        ("body", "line", "reason"),
        [
            ("好\n#let x = (\n", 5, "unclosed delimiter"),
            ("好\n好\n#nothing()", 6, "unknown variable: nothing"),
            ("#d.no_such_field", 4, "no_such_field"),
            ("\n#panic(d.number)", 5, "0002026XF0000000001"),
            ('#read("/etc/passwd")', 4, "file not found"),
            ('#read("../../../../etc/passwd")', 4, "project root"),
            ('\n\n#image("/etc/passwd")', 6, "file not found"),
            ('\n#import "@preview/cetz:0.3.0"', 5, "packages"),
            ("#let n = 0\n#while true { n += 1 }", 5, "always true"),
            ("#let f(x) = f(x)\n#f(1)", 4, "call depth"),
        ],
    )
    def test_a_broken_template_names_line_and_reason(self, body: str, line: int, reason: str) -> None:
        with pytest.raises(TemplateError) as caught:
            render_contract(TINY + body, trial_data())
        assert caught.value.line == line
        assert reason in caught.value.reason
        assert f"第{line}行" in str(caught.value)

    def test_it_may_include_files_beside_our_own_templates(self) -> None:
        assert "#set document" in text_of(render_contract(TINY + '#read("seal.typ")', trial_data()))

    def test_without_a_place_for_the_seal_it_is_refused_before_publishing(self) -> None:
        with pytest.raises(TemplateError) as caught:
            try_template(TINY + "无印章位置")
        assert "<seal>" in caught.value.reason

    def test_the_standard_template_passes(self) -> None:
        assert try_template(standard_template()).startswith(b"%PDF-2.0")


class TestRenderSeal:
    def test_it_is_one_round_page_of_42_mm_that_carries_the_name(self) -> None:
        pdf = render_seal("江苏样例农村商业银行股份有限公司")
        reader = open_pdf(pdf)
        page = reader.find_page_for_modification(0)[0].get_object()
        assert int(reader.root["/Pages"]["/Count"]) == 1
        assert [round(float(edge)) for edge in page["/MediaBox"]] == [0, 0, 119, 119]
        assert text_of(pdf) == "江苏样例农村商业银行股份有限公司合同专用章"

    def test_it_is_drawn_not_painted(self) -> None:
        page = open_pdf(render_seal("样例银行")).find_page_for_modification(0)[0].get_object()
        assert "/XObject" not in page["/Resources"]

    @pytest.mark.parametrize("name", ["行", "样例银行", "很" * 40])
    def test_short_and_long_names_fit(self, name: str) -> None:
        assert text_of(render_seal(name)) == f"{name}合同专用章"

    def test_a_missing_glyph_is_an_error(self) -> None:
        with pytest.raises(GlyphMissing):
            render_seal(f"样例{UNKNOWN_HAN}银行")


class TestAfterFork:
    def test_a_forked_child_is_refused_rather_than_left_hanging(self, monkeypatch: pytest.MonkeyPatch) -> None:
        render_seal("样例银行")
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(RuntimeError, match="after forking"):
            render_contract(standard_template(), trial_data())
