"""Loads a workbook of a company: houses, services, flats, accounts, people, meters, readings, balances."""

from storage.importer.run import check_workbook, import_workbook, run_import
from storage.importer.template import template, write_template
from storage.importer.verdicts import ImportRefused, Report, Verdict

__all__ = [
    "ImportRefused",
    "Report",
    "Verdict",
    "check_workbook",
    "import_workbook",
    "run_import",
    "template",
    "write_template",
]
