"""Twelve tables in the forms in which people bring them; `python tests/tables/make.py` writes them beside this file.

The values are drawn, from a fixed seed. The forms are those of public files: ids and row numbers, Yes and No, cells
that are blank, numbers with thousands separators and units, dates in several notations, names with accents and in other
scripts, decimal commas, quotes with line breaks, labels 1, 2, 3 and -1, +1.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent


def churn(random: np.random.Generator) -> pd.DataFrame:
    """Customers with an id; the total is a blank for those who have just come; Churn is Yes or No."""
    n = 420
    months = random.integers(0, 73, n)
    contract = random.choice(["Month-to-month", "One year", "Two year"], n, p=[0.55, 0.22, 0.23])
    internet = random.choice(["DSL", "Fiber optic", "No"], n, p=[0.35, 0.43, 0.22])
    charge = np.round(random.normal(0, 6, n) + np.select([internet == "DSL", internet == "No"], [55, 21], 88), 2)
    logit = -0.6 - 0.045 * months + 0.02 * (charge - 60)
    logit += np.select([contract == "One year", contract == "Two year"], [-1.0, -2.2], 1.3)
    ids = [f"{a:04d}-{''.join(b)}" for a, b in zip(random.integers(0, 9999, n), _letters(random, n), strict=True)]
    return pd.DataFrame(
        {
            "customerID": ids,
            "gender": random.choice(["Female", "Male"], n),
            "SeniorCitizen": (random.random(n) < 0.16).astype(int),
            "Partner": random.choice(["Yes", "No"], n),
            "tenure": months,
            "InternetService": internet,
            "Contract": contract,
            "PaymentMethod": random.choice(["Electronic check", "Mailed check", "Credit card (automatic)"], n),
            "MonthlyCharges": charge,
            "TotalCharges": [
                " " if not m else f"{m * c * u:.2f}"
                for m, c, u in zip(months, charge, random.uniform(0.95, 1.05, n), strict=True)
            ],
            "Churn": np.where(_happens(random, logit), "Yes", "No"),
        }
    )


def houses(random: np.random.Generator) -> pd.DataFrame:
    """Prices such as "$245,000", areas such as "1,200", dates such as 31/01/2019."""
    n = 360
    area = np.round(np.exp(random.normal(7.35, 0.33, n))).astype(int)
    year = random.integers(1905, 2016, n)
    town = random.choice(["Old Town", "Riverside", "St. Mary's", "West End"], n, p=[0.3, 0.3, 0.2, 0.2])
    sold = [datetime.date(2016, 1, 4) + datetime.timedelta(days=int(day)) for day in random.integers(0, 1400, n)]
    place = np.select([town == "Old Town", town == "Riverside", town == "West End"], [1.1, 1.3, 0.85], 1.0)
    trend = np.array([(day - datetime.date(2016, 1, 4)).days / 1400 for day in sold])
    noise = np.exp(random.normal(0, 0.09, n))
    price = 1000 * np.round(area * 0.13 * place * (1 + 0.25 * trend) * (0.8 + (year - 1905) / 400) * noise)
    baths = np.round(area / 900 + random.uniform(0, 1, n), 0).clip(1)
    return pd.DataFrame(
        {
            "Id": np.arange(1, n + 1),
            "Date sold": [day.strftime("%d/%m/%Y") for day in sold],
            "Neighborhood": town,
            "Area (sq ft)": [f"{value:,}" for value in area],
            "Bedrooms": np.round(area / 600 + random.uniform(0, 2, n)).astype(int),
            "Baths": [f"{value:.0f}" if random.random() > 0.06 else "NA" for value in baths],
            "Year built": year,
            "Garage/Carport": random.choice(["Garage", "Carport", "none"], n, p=[0.6, 0.2, 0.2]),
            "Price": [f"${value:,.0f}" for value in price],
        }
    )


def survey(random: np.random.Generator) -> pd.DataFrame:
    """Names with accents, in Chinese, and with a capital inside; answers in German; a byte order mark."""
    n = 300
    water = np.round(random.normal(7.2, 0.5, n), 1)
    size = np.round(random.normal(171, 9, n), 1)
    age = random.integers(18, 80, n)
    town = random.choice(["Zürich", "Genève", "Košice", "東京"], n)
    happy = 1.6 * (water - 7.2) + 0.05 * (age - 48) + np.where(town == "Genève", 1.2, 0) + random.normal(0, 0.55, n)
    return pd.DataFrame(
        {
            "Größe (cm)": size,
            "年龄": age,
            "pH": [f"{value}" if random.random() > 0.05 else "" for value in water],
            "Été à la mer?": random.choice(["oui", "non"], n),
            "Stadt": town,
            "class": random.choice(["A", "B"], n),
            "Zufrieden": np.select([happy > 0.7, happy > -0.5], ["ja", "weiß nicht"], "nein"),
        }
    )


def patients(random: np.random.Generator) -> pd.DataFrame:
    """Several visits of each patient, whose readings are alike; the outcome belongs to the patient."""
    rows, people = [], 95
    for person, sick in enumerate(random.random(people) < 0.42):
        level = random.normal(138 if sick else 121, 9)
        rate = random.normal(84 if sick else 74, 7)
        first = datetime.date(2021, 1, 11) + datetime.timedelta(days=int(random.integers(0, 300)))
        age = int(random.integers(31, 88))
        for visit in range(int(random.integers(2, 6))):
            rows.append(
                {
                    "patient": f"P{person + 1:03d}",
                    "visit_date": first + datetime.timedelta(days=30 * visit + int(random.integers(0, 9))),
                    "age": age,
                    "systolic": round(level + random.normal(0, 5)),
                    "pulse": round(rate + random.normal(0, 4)),
                    "CRP (mg/l)": round(random.gamma(4 if sick else 2, 1.5), 1),
                    "smoker": random.choice(["yes", "no", ""], p=[0.3, 0.6, 0.1]),
                    "diagnosis": int(sick),
                }
            )
    return pd.DataFrame(rows).iloc[random.permutation(len(rows))]


def sales(random: np.random.Generator) -> pd.DataFrame:
    """A shop day by day, growing: the future is what has to be predicted."""
    n = 400
    days = [datetime.date(2022, 1, 1) + datetime.timedelta(days=day) for day in range(n)]
    promotion = random.random(n) < 0.2
    price = np.round(random.normal(4.99, 0.4, n), 2)
    temperature = np.round(11 + 9 * np.sin(np.arange(n) / 58 - 1.6) + random.normal(0, 2, n), 1)
    weekend = np.array([day.weekday() >= 5 for day in days])
    level = 120 + 0.05 * np.arange(n) + 45 * promotion + 38 * weekend - 30 * (price - 5) + 2.2 * temperature
    return pd.DataFrame(
        {
            "date": days,
            "price": price,
            "promotion": promotion,
            "temperature": temperature,
            "units": np.round(level + random.normal(0, 9, n)).astype(int),
        }
    )


def reviews(random: np.random.Generator) -> pd.DataFrame:
    """Texts in quotes, some with line breaks, commas and doubled quotes."""
    good = ["wonderful", "delicious", "friendly", "fresh", "perfect", "cosy", "charming", "generous"]
    bad = ["cold", "rude", "slow", "stale", "dirty", "overpriced", "bland", "noisy"]
    things = ["food", "waiter", "soup", "dessert", "room", "coffee", "service", "music", "bread", "table"]
    ends = ["We will be back.", 'My friend said "never again".', "See you!", "Who knows?", "That was Tuesday, at noon."]
    rows = []
    for place in range(300):
        positive = random.random() < 0.55
        words = [str(random.choice(good if positive != (random.random() < 0.12) else bad)) for _ in range(3)]
        about = random.choice(things, 3, replace=False)
        text = f"The {about[0]} was {words[0]}, the {about[1]} {words[1]}"
        text += random.choice([", and ", ".\nAlso, ", "; "]) + f"the {about[2]} was {words[2]}. {random.choice(ends)}"
        rows.append({"id": 10_000 + 7 * place, "review": text, "sentiment": "positive" if positive else "negative"})
    return pd.DataFrame(rows)


def fraud(random: np.random.Generator) -> pd.DataFrame:
    """One card payment in twenty is a fraud; times of day with fractions of seconds."""
    n = 500
    cheat = np.arange(n) % 20 == 3
    amount = np.round(np.exp(random.normal(np.where(cheat, 5.2, 3.4), 1.0)), 2)
    hour = np.where(cheat, random.normal(3.5, 2.5, n) % 24, random.normal(14, 4, n) % 24)
    start = datetime.datetime(2023, 5, 1)
    seconds = [
        datetime.timedelta(days=int(d), seconds=float(s))
        for d, s in zip(random.integers(0, 90, n), hour * 3600, strict=True)
    ]
    table = pd.DataFrame(
        {
            "transaction_id": random.permutation(900_000)[:n] + 100_000,
            "timestamp": [(start + delta).isoformat(sep=" ", timespec="milliseconds") for delta in seconds],
            "amount": amount,
            "country": np.where(
                cheat & (random.random(n) < 0.6), random.choice(["NG", "VN"], n), random.choice(["DE", "FR", "GB"], n)
            ),
            "card_present": np.where(random.random(n) < np.where(cheat, 0.15, 0.7), "Y", "N"),
            "Class": cheat.astype(int),
        }
    )
    return table.iloc[random.permutation(n)]


def wine(random: np.random.Generator) -> pd.DataFrame:
    """Separated by tabs; cultivars 1, 2 and 3."""
    kind = random.choice([1, 2, 3], 240, p=[0.33, 0.4, 0.27])
    centers = {
        "alcohol": ([13.7, 12.3, 13.1], 0.5, 2),
        "malic acid": ([2.0, 1.9, 3.3], 0.9, 2),
        "flavanoids": ([2.9, 2.1, 0.9], 0.5, 2),
        "color intensity": ([5.5, 3.1, 7.2], 1.4, 2),
        "proline": ([1100, 520, 630], 150, 0),
        "pH": ([3.3, 3.4, 3.5], 0.15, 2),
    }
    table = {
        name: np.round(np.array(means)[kind - 1] + random.normal(0, spread, len(kind)), digits)
        for name, (means, spread, digits) in centers.items()
    }
    return pd.DataFrame({"cultivar": kind, **table}).astype({"proline": int})


def loans(random: np.random.Generator) -> pd.DataFrame:
    """Parquet with its own types: dates and times, booleans, categories, whole numbers with gaps, decimals."""
    n = 380
    income = np.round(np.exp(random.normal(10.6, 0.45, n)), -2)
    amount = np.round(np.exp(random.normal(9.5, 0.6, n)), -2)
    late = random.poisson(0.7, n)
    owner = random.random(n) < 0.45
    logit = -1.3 + 1.1 * late + 1.8 * np.log(amount / income / 0.33) - 0.8 * owner
    when = pd.Timestamp("2020-02-01 08:00") + pd.to_timedelta(random.integers(0, 700 * 86_400, n), unit="s")
    return pd.DataFrame(
        {
            "applied_at": when,
            "income": income,
            "amount": amount.astype("int64"),
            "late_payments": pd.array(np.where(random.random(n) < 0.08, None, late), dtype="Int64"),
            "home_owner": owner,
            "purpose": pd.Categorical(random.choice(["car", "house", "school"], n)),
            "default": _happens(random, logit),
        }
    )


def genes(random: np.random.Generator) -> pd.DataFrame:
    """More columns than rows, and an unnamed one that numbers the rows."""
    n, width = 110, 140
    tumor = random.random(n) < 0.5
    levels = random.normal(6, 1.2, width) + random.normal(0, 1, (n, width))
    levels[:, :12] += 1.1 * tumor[:, None] * random.choice([-1, 1], 12)
    names = [f"{a}{number}" for number, a in enumerate(random.choice(["BRCA", "HLA-", "TP", "chr7.", "orf"], width))]
    table = pd.DataFrame(np.round(levels, 2), columns=names)
    return table.assign(tissue=np.where(tumor, "tumor", "normal"))


def machines(random: np.random.Generator) -> pd.DataFrame:
    """Separated by semicolons, with decimal commas; -1 and +1."""
    n = 320
    heat, turns = np.round(random.normal(61.5, 8, n), 1), random.integers(900, 3100, n)
    shake = np.round(random.gamma(3, 0.9, n), 2)
    logit = 0.16 * (heat - 62) + 0.9 * (shake - 2.7) + 0.0011 * (turns - 2000) - 0.4
    start = datetime.datetime(2024, 3, 1, 6)
    return pd.DataFrame(
        {
            "Zeit": [(start + datetime.timedelta(minutes=17 * row)).strftime("%d.%m.%Y %H:%M") for row in range(n)],
            "Temperatur °C": heat,
            "Drehzahl": turns,
            "Schwingung mm/s": shake,
            "Halle": random.choice(["Nord", "Süd"], n),
            "Ausfall": np.where(_happens(random, 2 * logit), 1, -1),
        }
    )


def energy(random: np.random.Generator) -> pd.DataFrame:
    """Three targets of unlike scale: kilowatt-hours in thousands, a cost in euros, a share below 1."""
    n = 350
    floor, height = random.choice([110.25, 122.5, 147.0, 220.5], n), random.choice([3.5, 7.0], n)
    glass, wall = random.choice([0.0, 0.1, 0.25, 0.4], n), np.round(random.normal(300, 40, n), 1)
    age = random.integers(0, 70, n)
    heat = (40 * floor * height / 3.5 + 30 * wall + 9_000 * glass + 40 * age) * np.exp(random.normal(0, 0.05, n))
    cool = (0.12 + 0.55 * glass + 0.0009 * (floor - 110)) * np.exp(random.normal(0, 0.06, n))
    return pd.DataFrame(
        {
            "floor_area": floor,
            "height": height,
            "glazing": glass,
            "wall_area": wall,
            "orientation": random.choice(["N", "E", "S", "W"], n),
            "age": age,
            "heating_kwh": np.round(heat, 0).astype(int),
            "cost_eur": np.round(0.11 * heat / 12 + random.normal(0, 5, n), 2),
            "cooling_share": np.round(cool, 4),
        }
    )


def _happens(random: np.random.Generator, logit: np.ndarray) -> np.ndarray:
    return random.random(len(logit)) < 1 / (1 + np.exp(-logit))


def _letters(random: np.random.Generator, count: int) -> np.ndarray:
    return random.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), (count, 5))


TABLES: dict[str, Callable[[np.random.Generator], pd.DataFrame]] = {
    "churn.csv": churn,
    "houses.csv": houses,
    "survey.csv": survey,
    "patients.csv": patients,
    "sales.csv": sales,
    "reviews.csv": reviews,
    "fraud.csv": fraud,
    "wine.tsv": wine,
    "loans.parquet": loans,
    "genes.csv": genes,
    "machines.csv": machines,
    "energy.csv": energy,
}
"""Name of the file -> what draws its rows."""

SPELLED = {
    "survey.csv": {"encoding": "utf-8-sig"},
    "reviews.csv": {"quoting": csv.QUOTE_NONNUMERIC},
    "wine.tsv": {"sep": "\t"},
    "genes.csv": {"index": True},
    "machines.csv": {"sep": ";", "decimal": ","},
}
"""Name of the file -> how it differs from a plain CSV file: arguments of ``DataFrame.to_csv``."""


def content(name: str) -> bytes:
    """The bytes of a file."""
    frame = TABLES[name](np.random.default_rng([20, list(TABLES).index(name)]))
    buffer = io.BytesIO()
    if name.endswith(".parquet"):
        frame.to_parquet(buffer, index=False)
    else:
        frame.to_csv(buffer, **{"index": False, **SPELLED.get(name, {})})
    return buffer.getvalue()


if __name__ == "__main__":
    for file in TABLES:
        (FOLDER / file).write_bytes(content(file))
        print(file, len(content(file)))
