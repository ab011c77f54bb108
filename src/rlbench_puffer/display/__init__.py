"""Where one process gets OpenGL or an X server from."""
