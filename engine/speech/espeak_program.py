"""A program of its own that speaks by espeak-ng's library; run by `espeak.py`, never imported.

espeak-ng is under the GPL and its command tells no times of phonemes, so its library is loaded in
this process alone, which shares nothing with ours but two pipes. A request is one line of JSON on
standard input; the answer is a line of JSON, then 16-bit samples. An argument is the folder in
which `espeak-ng-data` lies, where that is not the installed one.
"""

import ctypes
import ctypes.util
import json
import os
import sys
from typing import Any

_SYNCHRONOUS, _PHONEME_EVENTS, _AS_IPA = 1, 1, 2
_RATE, _PITCH, _RANGE = 1, 3, 4
_PHONEME, _END = 7, 0
_UTF8 = 1
_NAMES = ("libespeak-ng.so.1", "libespeak-ng.1.dylib", "libespeak-ng.dll")


class _Name(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Wanted(ctypes.Structure):
    """`espeak_VOICE` of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    )


_Heard = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Voice:
    """The library, with whatever it has said of the text at hand."""

    def __init__(self, data: bytes | None) -> None:
        self._library = _load()
        self.rate_hz = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _AS_IPA
        )
        self._sound: list[bytes] = []
        self._phonemes: list[tuple[int, str]] = []
        self._callback = _Heard(self._hear)  # kept: the library only borrows it
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        self._sound.clear()
        self._phonemes.clear()
        if not self._take(asked["voice"].encode()):
            return {"unknown": asked["voice"]}, b""
        for number, name in ((_RATE, "rate"), (_PITCH, "pitch"), (_RANGE, "range")):
            self._library.espeak_SetParameter(number, asked[name], 0)
        text = asked["text"].encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        sound = b"".join(self._sound)
        said = {"rate_hz": self.rate_hz, "phonemes": self._phonemes, "bytes": len(sound)}
        return said, sound

    def _take(self, voice: bytes) -> bool:
        """By its name, else by its language, as the command does."""
        if self._library.espeak_SetVoiceByName(voice) == 0:
            return True
        wanted = _Wanted(languages=voice)
        return bool(self._library.espeak_SetVoiceByProperties(ctypes.byref(wanted)) == 0)

    def _hear(self, wave: Any, count: int, events: Any) -> int:  # noqa: ANN401 (ctypes' pointers)
        if wave and count > 0:
            self._sound.append(ctypes.string_at(wave, 2 * count))
        place = 0
        while events[place].type != _END:
            event = events[place]
            if event.type == _PHONEME:
                name = event.id.text.decode("utf-8", "ignore")
                self._phonemes.append((event.sample, name))
            place += 1
        return 0


def _load() -> Any:  # noqa: ANN401 (a library's functions have no types)
    for name in (*_NAMES, ctypes.util.find_library("espeak-ng")):
        try:
            if name is not None:
                return ctypes.CDLL(name)
        except OSError:
            continue
    sys.exit(3)


def _main() -> None:
    voice = _Voice(os.fsencode(sys.argv[1]) if len(sys.argv) > 1 else None)
    for line in sys.stdin.buffer:
        said, sound = voice.say(json.loads(line))
        sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + sound)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()
