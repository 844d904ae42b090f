"""Takes the file out of a form (RFC 7578) that is in memory whole.

A form of a hundred thousand tiny parts keeps a parser busy for seconds; here the parts are counted
before one is looked at, and a form of ten megabytes is cut in a few milliseconds.
"""

from email.message import Message
from email.parser import HeaderParser

MOST_PARTS = 8
MOST_HEADERS = 2048
"""Bytes above a part's content."""
MOST_BOUNDARY = 70
"""Characters (RFC 2046, 5.1.1)."""
_HEADERS = HeaderParser()
_REFUSED = (TypeError, LookupError, ValueError)
"""What the parser of mail headers raises for parameters that are none."""


def file_of_form(content_type: str, body: bytes) -> tuple[bytes, str]:
    """The content of the field `file`, and its file name.

    Raises:
        ValueError: this is no such form; the message says what to send.
    """
    boundary = _boundary(content_type)
    if not boundary or len(boundary) > MOST_BOUNDARY:
        raise ValueError("the form names no boundary: send it as browsers do")
    # The first boundary stands at the very beginning; every other one has a line to itself.
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(), MOST_PARTS + 2)
    if len(parts) > MOST_PARTS + 2:
        raise ValueError(f"the form has more than {MOST_PARTS} parts: send the picture alone")
    if parts[0] or not parts[-1].startswith(b"--"):
        raise ValueError("the form is not complete: send it again")
    for part in parts[1:-1]:
        head, gap, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not gap or len(head) > MOST_HEADERS:
            raise ValueError("the form is damaged: send it as browsers do")
        name, file_name = _names(head)
        if name == "file":
            return content, file_name or "portrait"
    raise ValueError('the form has no field "file": send the picture in it')


def _boundary(content_type: str) -> str | None:
    asked = Message()
    asked["Content-Type"] = content_type.encode("ascii", "replace").decode()
    try:
        return asked.get_boundary()
    except _REFUSED:
        return None


def _names(head: bytes) -> tuple[str | None, str | None]:
    """Field name and file name of a part; browsers send both in UTF-8 as it is."""
    headers = _HEADERS.parsestr(head.decode(errors="replace"))
    try:
        if headers.get_content_disposition() != "form-data":
            return None, None
        name = headers.get_param("name", header="content-disposition")
        return name if isinstance(name, str) else None, headers.get_filename()
    except _REFUSED:
        return None, None
