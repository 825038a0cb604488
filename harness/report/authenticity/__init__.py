"""What a report says of images and money beside the promises: evidence, suspicions, bills."""
