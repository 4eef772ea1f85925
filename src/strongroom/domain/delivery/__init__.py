"""What runs where: environments, releases, their placements, and the targets that report what they really run."""
