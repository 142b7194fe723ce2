"""How new material lies in vector space beside what is live; pure functions of unit vectors and document ids."""
