"""What a person may ask for, and what nobody may see."""
