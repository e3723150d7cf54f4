"""What runs in the driver: Ray is joined, trials are made of legs, and told of."""

from stagegrid import unload

unload(["torch"])  # a trial and Ray Train's controller run this package too, and have no use for it
