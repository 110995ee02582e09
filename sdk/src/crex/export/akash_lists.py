"""What Akash names: models of GPUs by their PCI identifiers, and regions of the world.

Models: devices/pcie/gpus.json of https://github.com/akash-network/provider-configs, by which providers label
their nodes; those that the registry of accelerators lists as well. An identifier that the two take for
different products (1002:66a1, MI50 or MI60) is left out.
Regions: `location-region` of config/provider-attributes.json of https://github.com/akash-network/console,
by country. VE, which stands in two regions there, is left out; the others of more than one are CA and US,
which it divides by province and state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Model:
    """A variant of a GPU.

    Attributes:
        vendor: Maker as Akash writes it, which is its token here as well.
        name: Model as Akash writes it.
        form_factor: `pcie` or `sxm`, which Akash calls its interface.
        gib: Memory in GiB.
    """

    vendor: str
    name: str
    form_factor: str
    gib: int

    @property
    def key(self) -> str:
        """Key of the attribute that says that a provider has it."""
        return f"capabilities/gpu/vendor/{self.vendor}/model/{self.name}"


# PCI identifiers of makers.
_MAKERS: Final = {"10de": "nvidia", "1002": "amd"}
_MODELS: Final = """
10de:1b06 gtx1080ti pcie 11
10de:1b38 p40 pcie 24
10de:1b82 gtx1070ti pcie 8
10de:1bb3 p4 pcie 8
10de:1c30 p2000 pcie 5
10de:1db1 v100 sxm 16
10de:1db5 v100 sxm 32
10de:1e04 rtx2080ti pcie 11
10de:1e07 rtx2080ti pcie 11
10de:1eb8 t4 pcie 16
10de:15f8 p100 pcie 16
10de:20b0 a100 sxm 40
10de:20b1 a100 pcie 40
10de:20b2 a100 sxm 80
10de:20b5 a100 pcie 80
10de:20f1 a100 pcie 40
10de:20f3 a800 sxm 80
10de:2203 rtx3090ti pcie 24
10de:2204 rtx3090 pcie 24
10de:2216 rtx3080 pcie 10
10de:2230 rtxa6000 pcie 48
10de:2231 a5000 pcie 24
10de:2235 a40 pcie 48
10de:2330 h100 sxm 80
10de:2331 h100 pcie 80
10de:2335 h200 sxm 141
10de:233b h200nvl pcie 141
10de:2484 rtx3070 pcie 8
10de:2487 rtx3060 pcie 12
10de:2488 rtx3070 pcie 8
10de:2503 rtx3060 pcie 12
10de:2504 rtx3060 pcie 12
10de:2684 rtx4090 pcie 24
10de:2704 rtx4080 pcie 16
10de:27b0 rtx4000sada pcie 20
10de:27b2 rtx4000ada pcie 20
10de:2b85 rtx5090 pcie 32
10de:2bb1 pro6000we pcie 96
10de:2bb4 pro6000mq pcie 96
10de:2bb5 pro6000se pcie 96
10de:2c02 rtx5080 pcie 16
1002:738c mi100 pcie 32
"""

_COUNTRIES: Final = """
central-america BZ CR SV GT HN NI PA
caribbean AI AG AW BS BB BQ VG KY CU CW DM DO GD GP HT JM MQ MS PR BL KN LC MF VC SX TT TC VI
sa-north CO GY SR GF
sa-west PE EC BO
sa-south AR UY CL PY
sa-brazil BR
eu-central SI HU SK PL CZ AT CH DE
eu-east MD UA BY LT LV EE RU
eu-north DK SE NO FI IS
eu-southeast AL MK BG RO RS XK ME BA HR
eu-south IT GR
eu-southwest PT ES AD
eu-west FR LU BE NL GB IE
af-east MZ ZW ZM MW TZ BI RW KE UG SO ET DJ ER SS
af-middle TD CF CM GQ GA CG CD AO
af-north EH MA DZ TN LY EG SD
af-south NA BW ZA LS SZ
af-west MR ML NE NG BJ TG GH BF CI LR GN SL GW GM SN
as-central KZ KG TJ TM UZ
as-east CN JP KP KR MN HK MO TW
as-southeast MM LA TH VN KH MY SG ID TL PH
as-south IR AF PK IN BD BT NP LK MV
as-west TR GE AM AZ SY LB JO IL IQ KW SA YE OM AE QA BH CY PS
oc-aus AU
oc-nz NZ
oc-mel PG NR SB VU NC FJ
oc-mic PW MP GU FM MH KI
oc-pol TV WF TK AS TO NU CK PF PN
"""
_SUBDIVISIONS: Final = """
na-ca-west CA-BC
na-ca-central CA-QC CA-ON
na-ca-prairie CA-AB CA-SK CA-MB
na-ca-atlantic CA-NL CA-PE CA-NS CA-NB
na-ca-north CA-NU CA-NT CA-YT
na-us-west US-CA US-OR US-WA US-ID US-MT US-WY US-UT US-CO US-NV US-AK US-HI
na-us-southwest US-AZ US-NM US-TX US-OK
na-us-midwest US-ND US-SD US-NE US-KS US-MN US-IA US-MO US-WI US-IL US-MI US-IN US-OH
na-us-southeast US-AR US-LA US-MS US-AL US-TN US-KY US-WV US-VA US-NC US-SC US-GA US-FL
na-us-northeast US-PA US-NY US-VT US-NH US-ME US-MA US-RI US-CT US-NJ US-DE US-MD
"""


def _regions(text: str) -> dict[str, str]:
    lines = (line.split() for line in text.strip().splitlines())
    return {place: region for region, *places in lines for place in places}


def _models(text: str) -> dict[str, Model]:
    lines = (line.split() for line in text.strip().splitlines())
    return {
        pci: Model(_MAKERS[pci.partition(":")[0]], name, form_factor, int(gib))
        for pci, name, form_factor, gib in lines
    }


# By `vendor:device`, hexadecimal digits in lower case.
MODELS: Final = _models(_MODELS)
# By ISO 3166-1 country or ISO 3166-2 subdivision.
REGIONS: Final = _regions(_COUNTRIES) | _regions(_SUBDIVISIONS)
