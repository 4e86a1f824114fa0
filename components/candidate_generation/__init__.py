"""Stage: proposes a round's candidates and screens them before anything is built."""
