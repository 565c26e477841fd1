"""Banks that take cards and СБП: one shape, three banks, a profile of data for each gate.

profile   address, merchant, limits, what is taken; presets/*.yaml are where one begins
shape     what every bank can: open an order, say how it stands, give money back
sber      Сбер (and others on the same engine): register.do, getOrderStatusExtended.do, refund.do, reverse.do
yookassa  ЮKassa v3: payments with Idempotence-Key and payment_order of ЖКУ, refunds
tbank     T-Bank: Init, GetState, Cancel, GetQr, token of SHA-256
notices   what banks send of their own accord: whose order it is, whether it is genuine, what is answered
routes    the address banks call; a notice is kept, a worker judges it and asks the bank
fake      a bank to try against, with a real payment page; never part of a real centre
"""
