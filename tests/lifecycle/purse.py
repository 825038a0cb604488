"""What a live run of the machine may pay: images are taken before a request leaves."""


class Purse:
    """Counts images; what was taken and proved to be free can be given back.

    `limit` is the most that may ever be out at once, lost or paid; None is no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.out = 0
        self.most = 0
        self.refused = 0
        """How many requests did not leave for want of money."""

    def take(self, images: int) -> bool:
        """Take the images of one request that is about to leave; no, where they are not there."""
        if self.limit is not None and self.out + images > self.limit:
            self.refused += 1
            return False
        self.out += images
        self.most = max(self.most, self.out)
        return True

    def give_back(self, images: int) -> None:
        """Take back what a reply has proved to cost nothing."""
        self.out -= images
