"""A name and an address end where they end: foreign lines are left out, and lines that are theirs come in."""

import pytest

from tests.unit.locate.parties.test_parties import around
from workbench.fields import FieldType
from workbench.locate.context import Surroundings
from workbench.locate.parties import extent


def tidied(field: FieldType, lines: tuple[str, ...], read: str) -> str:
    """What becomes of the words `read` on a page of lines below each other."""
    page: Surroundings = around(*((100, 100 + 13 * number, line) for number, line in enumerate(lines)))
    words = [token.text for token in page.tokens]
    wanted = read.split()
    first = next(at for at in range(len(words)) if words[at : at + len(wanted)] == wanted)
    return page.text(extent.tidied(page, field, tuple(range(first, first + len(wanted)))))


@pytest.mark.parametrize(
    "last",
    [
        "Tel. 0561 48213",
        "03-41318972",
        "WHATSAPP :",
        "Hotline 0800 1234567",
        "info@example.org",
        "HRB 4711",
        "Rechnung Nr.",
    ],
)
def test_a_line_of_something_else_below_an_address_is_none_of_it(last: str) -> None:
    lines = ("Lindenweg 4", "34117 Kassel", last)
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == "Lindenweg 4 34117 Kassel"


@pytest.mark.parametrize("first", ["HRB 4711", "Molitor Feinkost GmbH", "z. Hd. Ida Sommer"])
def test_a_line_of_something_else_above_an_address_is_none_of_it(first: str) -> None:
    lines = (first, "Lindenweg 4", "34117 Kassel")
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == "Lindenweg 4 34117 Kassel"


def test_a_postcode_alone_in_the_last_line_stays() -> None:
    lines = ("5/64 Jooma Drive Cairns", "2313")
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == "5/64 Jooma Drive Cairns 2313"


def test_a_street_takes_its_town_and_a_town_its_street() -> None:
    lines = ("Lindenweg 4", "34117 Kassel", "Tel. 0561 48213")
    assert tidied(FieldType.ADDRESS, lines, "Lindenweg 4") == "Lindenweg 4 34117 Kassel"
    assert tidied(FieldType.ADDRESS, lines, "34117 Kassel") == "Lindenweg 4 34117 Kassel"


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        (("Molitor Feinkost-", "gesellschaft mbH"), "gesellschaft mbH"),
        (("Molitor Feinkost-", "gesellschaft mbH"), "Molitor Feinkost-"),
        (("Molitor &", "Sommer Feinkost GmbH"), "Sommer Feinkost GmbH"),
        (("FERRETERÍA", "DAIPEIN S.L."), "DAIPEIN S.L."),
        (("Molitor Feinkost", "Handels GmbH"), "Molitor Feinkost"),
    ],
)
def test_a_name_of_two_lines_is_read_whole(lines: tuple[str, str], read: str) -> None:
    assert tidied(FieldType.PARTY, lines, read) == " ".join(lines)


@pytest.mark.parametrize("above", ["KOPITIAM", "Rechnung", "ACCOUNT'S COPY", "Zeta Ltd"])
def test_the_line_above_a_company_that_is_whole_is_none_of_its_name(above: str) -> None:
    assert tidied(FieldType.PARTY, (above, "OLD TOWN DELI SDN BHD"), "OLD TOWN DELI SDN BHD") == "OLD TOWN DELI SDN BHD"


@pytest.mark.parametrize(
    ("read", "name"),
    [
        ("Molitor Feinkost GmbH HRB 4711", "Molitor Feinkost GmbH"),
        ("Molitor Foods Ltd. Registered in", "Molitor Foods Ltd."),
        ("Rechnung an: Molitor Feinkost GmbH", "Molitor Feinkost GmbH"),
        ("Molitor GmbH & Co. KG", "Molitor GmbH & Co. KG"),
        ("Molitor Foods (M) Sdn Bhd", "Molitor Foods (M) Sdn Bhd"),
    ],
)
def test_what_a_caption_or_a_register_says_is_none_of_a_name(read: str, name: str) -> None:
    assert tidied(FieldType.PARTY, (read,), read) == name


@pytest.mark.parametrize("first", ["NO.17,18 & 41,", "LOT B-005-006,BASEMENT"])
def test_the_lots_and_houses_above_a_town_stay(first: str) -> None:
    lines = (first, "39100 Brinchang")
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == f"{first} 39100 Brinchang"


@pytest.mark.parametrize(
    ("lines", "read", "name"),
    [
        (("KOPIA", "SOKÓŁ SP.J."), "KOPIA SOKÓŁ SP.J.", "SOKÓŁ SP.J."),
        (("Nabywca F.H.U. Sokół sp.j.",), "Nabywca F.H.U. Sokół sp.j.", "F.H.U. Sokół sp.j."),
        (("Spett.le Chiara Sokol",), "Spett.le Chiara Sokol", "Chiara Sokol"),
        (("Factura Sokol S.A.",), "Factura Sokol S.A.", "Sokol S.A."),
        (("Sokol S.A., Calle",), "Sokol S.A., Calle", "Sokol S.A.,"),
        (("Sokol Co., Ltd.",), "Sokol Co., Ltd.", "Sokol Co., Ltd."),
        (("Sokol S.A. Registro Mercantil",), "Sokol S.A. Registro Mercantil", "Sokol S.A."),
        (("SOKÓŁ SP.J. Sąd Rejonowy",), "SOKÓŁ SP.J. Sąd Rejonowy", "SOKÓŁ SP.J."),
        (("Original Pizza GmbH",), "Original Pizza GmbH", "Original Pizza GmbH"),
    ],
)
def test_a_caption_and_the_mark_of_a_copy_are_none_of_a_name(lines: tuple[str, ...], read: str, name: str) -> None:
    assert tidied(FieldType.PARTY, lines, read) == name


@pytest.mark.parametrize(
    ("lines", "read", "name"),
    [
        (("天 津 嘉 山 有 限 公 司 注 册 号",), "天 津 嘉 山 有 限 公 司 注 册 号", "天津嘉山有限公司"),
        (("成都和德网络科技", "有限公司"), "成都和德网络科技", "成都和德网络科技有限公司"),
        (("名 称 ： 龙 海 科 技 有 限 公 司",), "海 科 技 有 限 公 司", "龙海科技有限公司"),
        (("李 军",), "李 军", "李军"),
    ],
)
def test_a_chinese_name_goes_to_its_legal_form(lines: tuple[str, ...], read: str, name: str) -> None:
    assert tidied(FieldType.PARTY, lines, read).replace(" ", "") == name


@pytest.mark.parametrize(
    ("lines", "read", "address"),
    [
        (("宁 波 市 西 湖 区 解 放 大 道 35 号",), "波 市 西 湖 区 解 放 大 道 35 号", "宁波市西湖区解放大道35号"),
        (("地 址 ： 广 州 市 海 龙 路 7 号",), "州 市 海 龙 路 7 号", "广州市海龙路7号"),
        (("深圳市天河区解放大道60号4幢", "909室"), "深圳市天河区解放大道60号4幢", "深圳市天河区解放大道60号4幢909室"),
        (("南京市江宁区建设东路28", "9号"), "南京市江宁区建设东路28", "南京市江宁区建设东路289号"),
        (("南京市建设东路9号", "税号："), "南京市建设东路9号 税号：", "南京市建设东路9号"),
    ],
)
def test_a_chinese_address_goes_from_its_town_to_its_last_number(
    lines: tuple[str, ...], read: str, address: str
) -> None:
    assert tidied(FieldType.ADDRESS, lines, read).replace(" ", "") == address


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (("Sokol S.A., Calle Mayor 4, 49464 Bilbao", "Ibarra S.L.", "Calle Sur 15"), "Calle Mayor 4, 49464 Bilbao"),
        (
            ("Viale Roma 53, 05801 Verona", "F.lli Sokol S.r.l.", "Via Po 27", "26257 Ancona"),
            "Viale Roma 53, 05801 Verona",
        ),
        (("306 Brooja Hwy Hobart SA 7674",), "306 Brooja Hwy Hobart SA 7674"),
        (("LOT 4, JALAN ANGSA,", "TAMAN BERKELEY 41150 KLANG"), "LOT 4, JALAN ANGSA, TAMAN BERKELEY 41150 KLANG"),
    ],
)
def test_a_senders_line_is_an_address_without_its_name_and_the_addressee(lines: tuple[str, ...], address: str) -> None:
    assert tidied(FieldType.ADDRESS, lines, " ".join(lines)) == address


@pytest.mark.parametrize(
    ("line", "read", "name"),
    [
        ("KEDAI MAWAR SDN BHD (4711-X)", "KEDAI MAWAR SDN", "KEDAI MAWAR SDN BHD"),
        ("Orchid Foods Pte. Ltd. Reg 4711", "Orchid Foods Pte.", "Orchid Foods Pte. Ltd."),
        ("Molitor Feinkost GmbH & Co. KG", "Molitor Feinkost GmbH", "Molitor Feinkost GmbH & Co. KG"),
        ("Molitor Feinkost GmbH Lindenweg 4", "Molitor Feinkost GmbH", "Molitor Feinkost GmbH"),
    ],
)
def test_a_name_ends_behind_its_legal_form(line: str, read: str, name: str) -> None:
    assert tidied(FieldType.PARTY, (line,), read) == name


@pytest.mark.parametrize("read", [". Ida Sommer", ": Ida Sommer", "Ida Sommer .", "- Ida Sommer |"])
def test_a_name_has_no_points_at_its_ends(read: str) -> None:
    assert tidied(FieldType.PARTY, ("Rechnung", read), read) == "Ida Sommer"


@pytest.mark.parametrize("read", [". Lindenweg 4 , 34117 Kassel", "Lindenweg 4 , 34117 Kassel ."])
def test_an_address_has_no_points_at_its_ends(read: str) -> None:
    assert tidied(FieldType.ADDRESS, ("Rechnung", read), read) == "Lindenweg 4 , 34117 Kassel"


def test_what_is_points_alone_stays_as_it_is() -> None:
    assert tidied(FieldType.PARTY, ("Rechnung", "."), ".") == "."
