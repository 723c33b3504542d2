"""What worlds are made of: names and places, goods, sentences. Knows no recipe and no customer."""
