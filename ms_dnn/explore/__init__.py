"""The explorable: a network and its samples as one HTML page that computes by itself, formula by formula."""
