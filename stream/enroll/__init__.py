"""From clips and pictures of one person to a portrait with further appearances."""
