"""Whether an HTML page is whole."""

from html.parser import HTMLParser

VOID = {"meta", "br", "img"}


class Checker(HTMLParser):
    """Tags must close in the order in which they were opened."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
