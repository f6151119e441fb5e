"""The page on which users see, download and delete what is stored about them."""
