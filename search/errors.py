"""Everything that `search` raises on purpose.

SearchError
├── EmptyQuery          the text holds nothing that can be searched for
├── BadCase             a row that cannot become a case
├── EncoderError
│   ├── EncoderMissing  no model under that path or name
│   └── EncoderMismatch the vectors of this build come from another encoder
├── IndexMissing        no build has been made yet, or none is loaded
├── CaseMissing         no case of this id is in the index
├── BuildBroken         a file of a build is missing or damaged
├── BuildInUse          a build that is in use cannot be deleted
├── BuildCancelled      the caller asked the build to stop
└── PackBroken          the file of an offline pack is cut short, changed or not a pack
"""


class SearchError(Exception):
    """Base of all errors of this package; its text may be shown to an administrator."""


class EmptyQuery(SearchError):
    """The question is empty, or has no letter, digit or Chinese character in it."""


class BadCase(SearchError):
    """A row has no id or no question, or a field is not text."""


class EncoderError(SearchError):
    """The sentence encoder cannot be used."""


class EncoderMissing(EncoderError):
    """Nothing that can be loaded stands under this path or name."""


class EncoderMismatch(EncoderError):
    """The encoder and the build do not belong together (another model, or another dimension)."""


class IndexMissing(SearchError):
    """There is no build, or none has been loaded yet."""


class CaseMissing(SearchError):
    """The index holds no case of this id, or it was withdrawn."""


class BuildBroken(SearchError):
    """A build is damaged: a file is missing, cut short or changed."""


class BuildInUse(SearchError):
    """A build cannot be deleted while questions are answered from it."""


class BuildCancelled(SearchError):
    """The build was stopped on request; the live index is untouched."""


class PackBroken(SearchError):
    """The file of an offline pack is cut short, changed, of another format or not a pack at all."""
