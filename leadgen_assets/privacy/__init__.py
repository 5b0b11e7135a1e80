"""What a person may ask for: not to be contacted, to see what is stored, to be erased; and how long anything is kept."""
