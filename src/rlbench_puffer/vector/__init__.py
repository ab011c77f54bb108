"""What vectorises: backends behind PufferLib's vecenv interface."""
