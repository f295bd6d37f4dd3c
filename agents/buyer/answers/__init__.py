"""What the platform's operations answer, as types on the wire: the published description is made from them."""
