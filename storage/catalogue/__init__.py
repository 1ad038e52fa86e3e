"""Records, access points, postings, search, result sets."""
