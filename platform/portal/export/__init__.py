"""What a page shows as a file to take away: the same rows, columns, filter and order, as CSV or XLSX.

table.py      rows and columns, and what may stand in a cell
csv_file.py   RFC 4180, in UTF-8 with a mark, so that spreadsheets read it as that
xlsx_file.py  Office Open XML, with numbers and times that can be worked with
download.py   the answer: written row by row to a file beside memory, and sent from there in pieces

A page that offers one ends its view so:

    if export.is_wanted(request):
        return export.download(request, table)
"""

from portal.export.download import download, is_wanted
from portal.export.table import MOST_ROWS, Cell, Table

__all__ = ["MOST_ROWS", "Cell", "Table", "download", "is_wanted"]
