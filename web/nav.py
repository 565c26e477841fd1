"""The left rail: by job, not by table, and only what the role may open."""

from __future__ import annotations

from dataclasses import dataclass

from web.roles import CENTRE_STAFF, Me, Role


@dataclass(frozen=True, slots=True)
class Item:
    """A job in the rail: label, icon of static/icons.svg, address, who sees it, addresses of its pages."""

    label: str
    icon: str
    href: str
    roles: tuple[Role, ...]
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RailItem:
    """An item as it stands in the rail of a page."""

    label: str
    icon: str
    href: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class RailGroup:
    """Items of one kind of work; it stands open where the page is one of them."""

    title: str
    items: list[RailItem]

    @property
    def is_here(self) -> bool:
        return any(item.is_here for item in self.items)


RELIEF_STAFF = (Role.SOCIAL, *CENTRE_STAFF)
DISPATCH_STAFF = (Role.DISPATCHER, Role.COMPANY)

ITEMS: tuple[Item, ...] = (
    Item("Месяц", "month", "/centre/month", CENTRE_STAFF, ("/centre/month",)),
    Item("Прогоны", "run", "/centre/runs", CENTRE_STAFF, ("/centre/runs", "/centre/gate/")),
    Item("Отложенные", "parked", "/centre/parked", CENTRE_STAFF, ("/centre/parked",)),
    Item("Что изменилось", "values", "/changes", (*CENTRE_STAFF, Role.COMPANY), ("/changes",)),
    Item("Показания", "meter", "/readings/held", (*CENTRE_STAFF, Role.COMPANY), ("/readings",)),
    Item("Перерасчёты", "money", "/corrections", (*CENTRE_STAFF, Role.COMPANY), ("/corrections",)),
    Item(
        "Распределители тепла",
        "meter",
        "/distributors",
        (*CENTRE_STAFF, Role.COMPANY),
        ("/distributors",),
    ),
    Item("Перерывы услуг", "outage", "/corrections/events", (Role.DISPATCHER,), ("/corrections/events",)),
    Item("Должники", "people", "/debts", (*CENTRE_STAFF, Role.COMPANY), ("/debts",)),
    Item("Пени", "money", "/centre/penalties", CENTRE_STAFF, ("/centre/penalt",)),
    Item("Тарифы и нормативы", "values", "/centre/values", CENTRE_STAFF, ("/centre/values", "/centre/vat")),
    Item("Общее имущество", "values", "/commons", (*CENTRE_STAFF, Role.COMPANY), ("/commons",)),
    Item("Настройки расчёта", "values", "/centre/settings", CENTRE_STAFF, ("/centre/settings",)),
    Item("Формулы", "values", "/formulas", (*CENTRE_STAFF, Role.COMPANY), ("/formulas/",)),
    Item("Что если", "values", "/what-if", (*CENTRE_STAFF, Role.COMPANY), ("/what-if",)),
    Item("Печать", "receipt", "/centre/press", CENTRE_STAFF, ("/centre/press", "/centre/receipt-terms")),
    Item(
        "Рассылка квитанций",
        "request",
        "/centre/mailings",
        CENTRE_STAFF,
        ("/centre/mailings", "/centre/mail"),
    ),
    Item(
        "Формы квитанций",
        "receipt",
        "/receipt-forms",
        (*CENTRE_STAFF, Role.COMPANY),
        ("/receipt-forms/",),
    ),
    Item("Маршруты доставки", "receipt", "/delivery", (*CENTRE_STAFF, Role.COMPANY), ("/delivery/",)),
    Item("Квартиры", "flat", "/company", (Role.COMPANY,), ("/accounts/",)),
    Item("Лицевые счета", "people", "/company/accounts", (Role.COMPANY,), ("/company/accounts",)),
    Item("Касса", "money", "/cash", (Role.COMPANY,), ("/cash",)),
    Item("Звонок", "phone", "/dispatch/call", (Role.DISPATCHER,), ("/dispatch/call",)),
    Item("Доска заявок", "request", "/dispatch", DISPATCH_STAFF, ("/dispatch/requests",)),
    Item("Журнал", "values", "/dispatch/journal", (Role.DISPATCHER,), ("/dispatch/journal",)),
    Item("Отключения", "outage", "/dispatch/incidents", DISPATCH_STAFF, ("/dispatch/incidents",)),
    Item("Начислено", "money", "/supplier", (Role.SUPPLIER,), ("/supplier/",)),
    Item("Получатели льгот", "people", "/social/recipients", RELIEF_STAFF, ("/social/recipients",)),
    Item("По категориям", "money", "/social", (Role.SOCIAL,), ()),
    Item("Субсидия", "request", "/social/subsidy", (Role.SOCIAL, Role.COMPANY), ("/social/subsidy",)),
    Item("Льготы и субсидии", "values", "/social/values", RELIEF_STAFF, ("/social/values",)),
    Item("Платежи", "money", "/agent", (Role.AGENT,), ("/agent/",)),
    Item("Реестры платежей", "money", "/registers", (*CENTRE_STAFF, Role.AGENT), ("/registers",)),
    Item("Сверка с агентами", "values", "/agent-days", (*CENTRE_STAFF, Role.AGENT), ("/agent-days",)),
    Item(
        "Карты и СБП",
        "money",
        "/card-payments",
        (*CENTRE_STAFF, Role.COMPANY),
        ("/card-payments", "/card-checks"),
    ),
    Item("Невыясненные", "parked", "/centre/unidentified", CENTRE_STAFF, ("/centre/unidentified",)),
    Item(
        "Перечисления",
        "money",
        "/centre/payouts",
        CENTRE_STAFF,
        ("/centre/payout", "/centre/statement", "/transfers", "/reconciliation", "/centre/money-trail"),
    ),
    Item("Переводы", "money", "/transfers", (Role.SUPPLIER, Role.COMPANY), ("/transfers", "/reconciliation")),
    Item("Порядок погашения", "values", "/centre/allocation", CENTRE_STAFF, ("/centre/allocation",)),
    Item("Шлюзы агентов", "import", "/centre/gates", CENTRE_STAFF, ("/centre/gates",)),
    Item("Кассы организаций", "money", "/centre/cash-desks", CENTRE_STAFF, ("/centre/cash-desks",)),
    Item("Эквайринг", "import", "/centre/card-gates", CENTRE_STAFF, ("/centre/card-gates",)),
    Item("Сбои обмена", "outage", "/centre/letters", CENTRE_STAFF, ("/centre/letters",)),
    Item("Загрузка данных", "import", "/centre/import", CENTRE_STAFF, ("/centre/import",)),
)

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Расчёт", ("/centre/month", "/centre/runs", "/centre/parked", "/readings/held", "/corrections",
                "/distributors", "/changes", "/commons", "/what-if")),
    ("Правила", ("/centre/values", "/centre/settings", "/formulas", "/social/values")),
    ("Квитанции", ("/centre/press", "/centre/mailings", "/receipt-forms", "/delivery")),
    ("Дома и люди", ("/company", "/company/accounts", "/social/recipients", "/social/subsidy",
                     "/centre/import")),
    ("Заявки", ("/dispatch", "/dispatch/incidents")),
    ("Приём денег", ("/cash", "/card-payments", "/registers", "/agent-days", "/centre/unidentified",
                     "/centre/gates", "/centre/card-gates", "/centre/cash-desks", "/centre/letters")),
    ("Расчёты с получателями", ("/centre/payouts", "/transfers", "/centre/allocation")),
    ("Долги", ("/debts", "/centre/penalties")),
)  # fmt: skip
"""Where an item stands in a rail too long to be read at once; the rest stands under OTHER."""
OTHER = "Прочее"
PLAIN_MAX = 10  # so many items are read at a glance and need no groups

HOMES: dict[Role, str] = {
    Role.ADMIN: "/centre/month",
    Role.CENTRE: "/centre/month",
    Role.PUBLISHER: "/centre/month",
    Role.DISPATCHER: "/dispatch",
    Role.COMPANY: "/company",
    Role.RESIDENT: "/my",
    Role.SUPPLIER: "/supplier",
    Role.SOCIAL: "/social/recipients",
    Role.AGENT: "/agent",
}
"""Where a role lands after signing in; a role without a workplace yet lands on its profile."""
HOME_OTHERWISE = "/me"


def home_of(role: Role) -> str:
    """The first page of a role."""
    return HOMES.get(role, HOME_OTHERWISE)


def rail(me: Me | None, path: str) -> list[RailGroup]:
    """The rail of this person on this page: one group without a title when it is short."""
    if me is None:
        return []
    mine = [item for item in ITEMS if me.role in item.roles]
    if len(mine) <= PLAIN_MAX:
        return [RailGroup("", [_shown(item, path) for item in mine])]
    groups = [
        RailGroup(title, [_shown(item, path) for item in mine if group_of(item) == title])
        for title in (*(title for title, _ in GROUPS), OTHER)
    ]
    return [group for group in groups if group.items]


def group_of(item: Item) -> str:
    """The title of its group."""
    return next((title for title, hrefs in GROUPS if item.href in hrefs), OTHER)


def _shown(item: Item, path: str) -> RailItem:
    return RailItem(item.label, item.icon, item.href, _is_here(item, path))


def _is_here(item: Item, path: str) -> bool:
    return path == item.href or f"{path}/".startswith(item.prefixes)
