"""What can be searched: spaces of designs as data, and the networks that designs are tried in."""
