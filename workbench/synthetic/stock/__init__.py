"""Material of worlds: names, places, phones, products and sentences, without any customer."""
