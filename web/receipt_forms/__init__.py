"""«Формы квитанций»: what an organisation makes of the form of its payment documents, with a live preview."""

from web.receipt_forms import edit, listing

ROUTERS = (listing.router, edit.router)
