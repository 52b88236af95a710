"""Every sentence that the server shows to people, in Chinese and English."""

from server.catalogue.catalogue import DEFAULT_LANGUAGE, LANGUAGES, has, keys, text

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "has", "keys", "text"]
