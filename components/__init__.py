"""archloom's stages and libraries: a folder with component.py is a stage, any other a library."""
