"""The drawing studio: designs, words and pictures, for everybody who makes creatives."""
