"""What a deployment does beside `cdktf deploy`: waits, asks, talks to what it deployed, and collects what went wrong."""
