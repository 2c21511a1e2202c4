"""What a deployment does beside `cdktf deploy`: waits, asks, talks to what it deployed, tells what went wrong."""
