#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From what `net dump NETWORK` printed to a file that Wireshark and tcpdump read.

    tools/pcap.py console.log out.pcap        '-' reads standard input

Takes the last dump in the text: the lines of base64 from the first that begins as a pcap
file does, up to the first line that is none.
"""
import base64
import re
import sys

BEGIN = base64.b64encode(bytes.fromhex('4d3cb2a102000400')).decode()[:10]
LINE = re.compile(r'(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?')


def pcap_in(text):
    """The bytes of the last dump in a text, or None."""
    lines, found = [], None
    for line in text.splitlines():
        # The console may put a name before each line.
        word = line.split()[-1] if line.split() else ''
        if word.startswith(BEGIN):
            lines = [word]
        elif lines and word and LINE.fullmatch(word) and len(lines[-1]) == 64:
            lines.append(word)
        elif lines:
            found, lines = lines, []
    found = lines or found
    return base64.b64decode(''.join(found)) if found else None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    text = sys.stdin.read() if sys.argv[1] == '-' else open(sys.argv[1], errors='replace').read()
    data = pcap_in(text)
    if data is None:
        sys.exit(f'{sys.argv[1]}: there is no dump of a network in it')
    with open(sys.argv[2], 'wb') as f:
        f.write(data)
    print(f'{sys.argv[2]}: {len(data)} bytes')


if __name__ == '__main__':
    main()
