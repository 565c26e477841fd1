"""«Маршруты доставки»: who carries receipts where, in what order, since when."""

from web.delivery import edit, files, listing

ROUTERS = (listing.router, files.router, edit.router)
