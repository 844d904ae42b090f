"""Is a portrait that comes with its person's own frames better than one picture alone?"""
