"""Write what authors would have to write by hand: data migrations, and whole products.

Nothing here asks anybody anything; the commands do.
"""
