"""Forms of the card that change area, people, owners: what was typed, which month it touches."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace

from billing.period import Period
from storage import people, premises
from storage.account_pages import AccountHead, OwnerRow, PersonRow
from storage.people import Deed, NewPerson
from storage.premises import Organisation, Owner
from storage.session import Session
from web.filters import area, date_short, delta, money, month
from web.forms import Typed

TITLES = {
    "area": "Изменить площадь",
    "register": "Зарегистрировать человека",
    "deregister": "Снять с учёта",
    "owners": "Сменить собственников",
}
SECTIONS = {"area": "place", "register": "people", "deregister": "people", "owners": "people"}
"""The section of the card a form stands in."""
KINDS = (("permanent", "постоянно"), ("temporary", "временно"))
GROUND_MAX, NAME_MAX, RELATION_MAX = 300, 80, 40
FUTURE_MAX = dt.timedelta(days=366)
AREAS = (("total", "area_dm2"), ("living", "living_area_dm2"), ("heated", "heated_area_dm2"))
NOBODY = "Выберите человека из списка."


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change means before it is kept: which month it touches, and the money of the nearest charge."""

    month_words: str = ""
    money_words: str = ""


@dataclass(frozen=True, slots=True)
class OwnerField:
    """Somebody who owns or may own, with the field of the share."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class EditView:
    """An open form of the card."""

    deed: str
    form: Typed
    effect: Effect
    person: PersonRow | None = None
    owners: tuple[OwnerField, ...] = ()

    @property
    def title(self) -> str:
        """Head of the form."""
        return TITLES[self.deed]

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Kinds of registration for the choice."""
        return KINDS


def month_words(day: dt.date, open_period: dt.date) -> str:
    """Which month a change of that day touches; closed ones never change by themselves."""
    opened, of_day = Period.of(open_period), Period.of(day)
    if of_day > opened:
        return f"Изменение учтётся с месяца «{of_day.title}». Открытый {opened.title} не изменится."
    if of_day == opened:
        since = "за весь месяц" if day.day == 1 else f"с {date_short(day)}"
        return f"Изменение учтётся в открытом месяце {opened.title} {since}."
    before = opened.shift(-1).title
    return (
        f"Изменение учтётся в открытом месяце {opened.title} за весь месяц. Закрытые месяцы, {before} и "
        "раньше, не меняются: разницу за них проводит расчётный центр отдельным прогоном."
    )


def money_words(before: int | None, after: int | None, parked: str | None, open_period: dt.date) -> str:
    """How the nearest charge changes; why it cannot be computed, when it cannot."""
    if after is None:
        return f"Начислить {month(open_period)} пока нельзя: {parked}" if parked else ""
    if before is None:
        return f"Счёт сможет быть начислен: за {month(open_period)} вышло бы {money(after)}."
    if before == after:
        return f"Сумма за {month(open_period)} не изменится: {money(after)}."
    return f"За {month(open_period)} вышло бы {money(after)} вместо {money(before)}: {delta(after - before)}."


# ---- forms as they open ----------------------------------------------------------------------------------


def opened(
    deed: str, account: AccountHead, today: dt.date, person: PersonRow | None, open_period: dt.date
) -> EditView:
    """The form with what is known already."""
    values = {f"{deed}_day": date_short(today)}
    if deed == "area":
        values |= {f"area_{name}": _metres(getattr(account, column)) for name, column in AREAS}
    if deed in ("area", "owners"):
        values[f"{deed}_was"] = mark_of(deed, account)
    if deed == "register":
        values["register_kind"] = "permanent"
    if deed == "owners":
        values |= {_field_of(one): _share_words(one) for one in account.owners}
    if person is not None:
        values["registration"] = str(person.registration_id)
    return view_of(deed, account, Typed(values), person, Effect(month_words(today, open_period)))


def view_of(
    deed: str, account: AccountHead, form: Typed, person: PersonRow | None, effect: Effect
) -> EditView:
    """The form as typed."""
    return EditView(deed, form, effect, person, owner_fields(account) if deed == "owners" else ())


def owner_fields(account: AccountHead) -> tuple[OwnerField, ...]:
    """Owners first, then those registered who own nothing."""
    owning = [OwnerField(_field_of(one), one.name) for one in account.owners]
    known = {field.name for field in owning}
    living = [OwnerField(f"owners_p{one.person_id}", one.name) for one in account.people]
    unique = {field.name: field for field in living if field.name not in known}
    return (*owning, *unique.values())


def mark_of(deed: str, account: AccountHead) -> str:
    """What the person looks at, so that two people at once do not overwrite each other."""
    looked: object = [getattr(account, column) for _, column in AREAS]
    if deed == "owners":
        looked = [
            (one.person_id, one.organisation_id, one.share_num, one.share_den) for one in account.owners
        ]
    return hashlib.sha256(repr(looked).encode()).hexdigest()[:16]


def _field_of(one: OwnerRow) -> str:
    return f"owners_o{one.organisation_id}" if one.person_id is None else f"owners_p{one.person_id}"


def _share_words(one: OwnerRow) -> str:
    return "1" if one.share_den == 1 else f"{one.share_num}/{one.share_den}"


def _metres(dm2: int | None) -> str:
    return "" if dm2 is None else area(dm2).partition("\u00a0")[0]


# ---- what was typed, judged and done ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A judged form: what storage.people is asked to do."""

    deed: str
    account_id: int
    day: dt.date
    ground: str
    areas: tuple[int | None, int | None, int | None] = (None, None, None)
    newcomer: NewPerson | None = None
    kind: str = "permanent"
    after: dt.date | None = None
    relation: str | None = None
    registration_id: int = 0
    owners: tuple[tuple[Owner, int, int], ...] = ()

    async def make(self, session: Session, user_id: int, ip: str) -> bool:
        """Do it under the person's scope; whether anything changed. Raises PeopleRefused."""
        deed = Deed(user_id, self.ground, ip)
        if self.deed == "area":
            total, living, heated = self.areas
            return await premises.change_area(
                session,
                self.account_id,
                self.day,
                deed,
                area_dm2=total,
                living_area_dm2=living,
                heated_area_dm2=heated,
            )
        if self.deed == "register":
            assert self.newcomer is not None, "a judged form names somebody"
            await people.register(
                session,
                self.account_id,
                self.newcomer,
                self.kind,
                self.day,
                deed,
                after=self.after,
                relation=self.relation,
            )
        elif self.deed == "deregister":
            await people.deregister(session, self.registration_id, self.day, deed)
        else:
            await premises.change_owners(session, self.account_id, self.day, list(self.owners), deed)
        return True


def judge(deed: str, form: Typed, account: AccountHead, today: dt.date) -> Change | None:
    """The change of a form; None with errors beside its fields."""
    day = form.date(f"{deed}_day", "Введите день: 12.10.2026. Проверьте, есть ли такой день в месяце.")
    if day is not None and day > today + FUTURE_MAX:
        form.refuse(f"{deed}_day", "Этот день больше чем через год. Проверьте год.")
    if day is not None and day < account.opened_on:
        words = f"Счёт открыт {date_short(account.opened_on)}. Укажите день не раньше."
        form.refuse(f"{deed}_day", words)
    ground = form.text(f"{deed}_ground", "Укажите основание: документ, номер и дату.", GROUND_MAX)
    parts = {"area": _area, "register": _register, "deregister": _deregister, "owners": _owners}
    change = parts[deed](form, account, Change(deed, account.id, day or today, ground))
    if deed in ("area", "owners") and form.value(f"{deed}_was") != mark_of(deed, account):
        form.refuse("", _stale(deed, account))
        form.values[f"{deed}_was"] = mark_of(deed, account)
    return change if form.is_good else None


def _stale(deed: str, account: AccountHead) -> str:
    if deed == "area":
        now = f"сейчас записано {area(account.area_dm2)}"
    else:
        now = "сейчас записаны: " + ", ".join(f"{one.name} {_share_words(one)}" for one in account.owners)
    return (
        f"Пока вы правили, данные изменил другой сотрудник: {now}. Проверьте введённое и сохраните ещё раз."
    )


def _area(form: Typed, account: AccountHead, asked: Change) -> Change | None:
    found: list[int | None] = []
    for name, _ in AREAS:
        field = f"area_{name}"
        needed = name == "total"
        if form.value(field) or needed:
            found.append(form.scaled(field, 2, "Введите квадратные метры: 54,3. Не больше двух знаков."))
        else:
            found.append(None)
    return replace(asked, areas=(found[0], found[1], found[2]))


def _register(form: Typed, account: AccountHead, asked: Change) -> Change | None:
    newcomer = _newcomer(form, "register")
    kind = form.choice("register_kind", tuple(key for key, _ in KINDS), "Выберите: постоянно или временно.")
    after = None
    if kind == "temporary":
        last = form.date("register_last", "Введите, по какой день человек проживает: 12.12.2026.")
        if last is not None and last < asked.day:
            form.refuse("register_last", "Последний день раньше первого. Проверьте обе даты.")
        after = last + dt.timedelta(days=1) if last is not None else None
    relation = form.value("register_relation")
    if len(relation) > RELATION_MAX:
        form.refuse("register_relation", f"Слишком длинно: помещается {RELATION_MAX} знаков.")
    if account.kind == "nonresidential":
        form.refuse("", "В нежилом помещении людей не регистрируют. Проверьте, тот ли это счёт.")
    if newcomer is None:
        return None
    return replace(asked, newcomer=newcomer, kind=kind, after=after, relation=relation or None)


def _newcomer(form: Typed, prefix: str) -> NewPerson | None:
    surname = form.text(f"{prefix}_surname", "Напишите фамилию.", NAME_MAX)
    name = form.text(f"{prefix}_name", "Напишите имя.", NAME_MAX)
    patronymic = form.value(f"{prefix}_patronymic")
    if len(patronymic) > NAME_MAX:
        form.refuse(f"{prefix}_patronymic", f"Слишком длинно: помещается {NAME_MAX} знаков.")
    born = form.date(f"{prefix}_born", "Введите дату рождения: 20.11.1990. По ней различают однофамильцев.")
    return None if born is None else NewPerson(surname, name, patronymic or None, born)


def _deregister(form: Typed, account: AccountHead, asked: Change) -> Change | None:
    person = person_of(account, form.value("registration"))
    if person is None:
        form.refuse("", "Этой регистрации уже нет. Обновите страницу и посмотрите, что записано.")
        return None
    return replace(asked, registration_id=person.registration_id)


def person_of(account: AccountHead, registration: str) -> PersonRow | None:
    """Somebody registered on this very account by the id of the registration."""
    return next((one for one in account.people if str(one.registration_id) == registration), None)


def _owners(form: Typed, account: AccountHead, asked: Change) -> Change | None:
    found: list[tuple[Owner, int, int]] = []
    for field in owner_fields(account):
        share = _share(form, field.name)
        if share is not None:
            identity = int(field.name.removeprefix("owners_")[1:])
            who: Owner = Organisation(identity) if field.name.startswith("owners_o") else identity
            found.append((who, *share))
    if any(form.value(f"owners_{part}") for part in ("surname", "name", "patronymic", "born", "share")):
        newcomer = _newcomer(form, "owners")
        form.text("owners_share", "Впишите долю нового собственника: 1/2, 1/3 или 1.")
        share = _share(form, "owners_share")
        if newcomer is not None and share is not None:
            found.append((newcomer, *share))
    if not found and form.is_good:
        form.refuse("", "Впишите долю хотя бы одному собственнику: 1, если он один.")
    return replace(asked, owners=tuple(found))


def _share(form: Typed, field: str) -> tuple[int, int] | None:
    """«1/2», «1»; None for an empty field or with an error beside it."""
    value = form.value(field).replace(" ", "")
    if not value:
        return None
    num, _, den = value.partition("/")
    whole = den if "/" in value else "1"
    is_plain = all(part.isascii() and part.isdigit() and 0 < len(part) < 7 for part in (num, whole))
    if not is_plain or not 0 < int(num) <= int(whole):
        form.refuse(field, "Доля — дробь не больше целого: 1/2, 1/3 или 1.")
        return None
    return int(num), int(whole)
