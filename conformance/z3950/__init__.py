"""The Z39.50 kit: a codec of its own, an origin that sends what it likes, and the checks that it makes with them."""
