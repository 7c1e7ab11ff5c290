"""What analysts feed to demand forecasting: SQL over the lake's tables, and the assets that keep it fresh."""
