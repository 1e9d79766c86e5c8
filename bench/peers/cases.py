"""Cases: rows of a CSV file with the columns of bench/suite/cases.csv, and what they mean to an operator.

A case names an operator of the standard library and values of columns: M=7,N=4093. A column is a size of the operator, or one
of its parameters. `groups` stands for a size G by which the channels C and O are divided. Other columns (the O of a depthwise
convolution, the C of a picture that always has three) only describe: that the operator at these sizes is the case is seen from
the bytes, which both count.
"""

import csv
import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    id: str
    operator: str
    columns: dict
    flops: int = 0  # 0: as the formula counts
    min_bytes: int = 0
    note: str = ""

    @property
    def sizes_text(self):
        return ",".join(f"{name}={value}" for name, value in self.columns.items())


class CaseError(Exception):
    """What is wrong with a case, with its file, line and values."""


def parse_columns(text, where):
    columns = {}
    for item in text.split(","):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not name or not equals:
            raise CaseError(f"{where}: got '{item}' in '{text}', need NAME=VALUE")
        if name in columns:
            raise CaseError(f"{where}: {name} is given twice in '{text}'")
        try:
            columns[name] = int(value)
        except ValueError:
            raise CaseError(f"{where}: {name} = '{value}', need an integer") from None
    return columns


def _count(row, name, where):
    text = (row.get(name) or "0").strip()
    if not text.isdigit():
        raise CaseError(f"{where}: {name} = '{text}', need an integer from 0")
    return int(text)


def read_cases(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = [name for name in ("id", "operator", "sizes") if name not in (rows.fieldnames or [])]
        if missing:
            raise CaseError(f"{path}: no column {', '.join(missing)}; got {', '.join(rows.fieldnames or ['nothing'])}")
        cases = []
        for row in rows:
            where = f"{path}:{rows.line_num}"
            if any(row[name] is None for name in ("id", "operator", "sizes")):
                raise CaseError(f"{where}: got {len([v for v in row.values() if v is not None])} values, need id, operator and sizes")
            case = Case(row["id"], row["operator"], parse_columns(row["sizes"], where), _count(row, "flops", where),
                        _count(row, "min_bytes", where), (row.get("note") or "").strip())
            if any(other.id == case.id for other in cases):
                raise CaseError(f"{where}: the id {case.id} is there twice")
            cases.append(case)
    return cases


def spec_of(operator):
    """What the lathe command takes: a name alone is one of the standard library."""
    return operator if ":" in operator or operator.endswith(".lathe") else "stdlib:" + operator


def split_columns(columns, size_names, param_names):
    """(sizes, parameters, columns that the operator has not)."""
    values = dict(columns)
    if "groups" in values and "G" in size_names:
        groups = values.pop("groups")
        values["G"] = groups
        for name in ("C", "O"):
            if name in values:
                if values[name] % groups:
                    raise CaseError(f"{name} = {values[name]} is no multiple of groups = {groups}")
                values[name] //= groups
    sizes = {name: values[name] for name in size_names if name in values}
    params = {name: values[name] for name in param_names if name in values}
    missing = [name for name in size_names if name not in values]
    if missing:
        raise CaseError(f"no value for size {', '.join(missing)}; got {', '.join(columns)}")
    return sizes, params, [name for name in values if name not in sizes and name not in params]
