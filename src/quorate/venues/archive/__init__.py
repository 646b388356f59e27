"""The public bulk archive of Binance: monthly and daily zip files, each with its checksum.

``names`` says where a file lies, ``plan`` which files cover a span, ``listing`` what is published,
``taking`` brings a file and checks it, ``rows`` reads it.
"""
