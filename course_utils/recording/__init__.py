"""What a run of a notebook leaves for the proof, if it is told to leave anything."""
