"""Gates: policies as data, what rules see, and the one place that lets a version pass or not."""
