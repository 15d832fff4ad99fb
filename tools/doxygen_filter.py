#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn the contracts of our headers into Doxygen's words; a filter for it.

usage: tools/doxygen_filter.py HEADER

A contract reads as in docs/Doxyfile's INPUT:  NAME() - brief,  @param: text,
Return: text,  Spec: text. Every other comment before a declaration counts as its
description. The number of lines stays, so that warnings name the right one.
"""
import re
import sys


def contract(text):
    """The body of one /** */ comment."""
    text = re.sub(r"(?m)^( \* )(?:struct |enum )?\w+(?:\(\))? - ", r"\1@brief ", text, count=1)
    text = re.sub(r"(?m)^( \* )@(\w+):", lambda m: m.group(0) if m.group(2) == "brief"
                  else m.group(1) + "@param " + m.group(2), text)
    text = re.sub(r"(?m)^( \* )Return:", r"\1@return", text)
    text = re.sub(r"(?m)^( \* )Spec:", r"\1@par Spec^^ ", text)
    # Words in <> would be read as HTML.
    return re.sub(r"<(?=\w)", "\\\\<", text).replace("^^", "")


def main():
    with open(sys.argv[1]) as f:
        text = f.read()
    # The purpose at the top is the file's; the licence line goes.
    text = re.sub(r"\A/\* SPDX.*?\*/\n/\*(?!\*)", "/** @file\n *", text, count=1)
    text = re.sub(r"/\*\*.*?\*/", lambda m: contract(m.group(0)), text, flags=re.S)
    # A plain comment on lines of its own before a declaration describes it.
    text = re.sub(r"(?m)^/\*(?=[ \n])", "/**", text)
    text = re.sub(r"(?m)(;[ \t]*)/\*(?![*<])", r"\1/**<", text)
    # @name in running text is a parameter.
    text = re.sub(r"@(?!(?:brief|param|return|par|file|p)\b)(?=\w)", "@p ", text)
    sys.stdout.write(text)


main()
